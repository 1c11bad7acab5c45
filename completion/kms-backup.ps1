
using namespace System.Management.Automation
using namespace System.Management.Automation.Language

$scriptblock = {
    param($WordToComplete, $CommandAst, $CursorPosition)

    $Commands =
@{
"backup" = @{
"_summary" = "Write a full, differential or copy archive."
"copy" = @{
"_command" = @{
  "summary" = "Write a copy: a full archive by hand, C….zip."
  "flags" = @{
    "help" = @{ "summary" = "Show help for command" }
    "server-dir" = @{ "summary" = "The mail server's install directory." }
    "json" = @{ "summary" = "Print one JSON document instead of text." }
    "quiet" = @{ "summary" = "No progress, and no summary where all went well." }
    "verbose" = @{ "summary" = "More about each step on stderr." }
    "progress" = @{ "summary" = "How progress is shown on stderr." }
    "backup-dir" = @{ "summary" = "Where archives go. Default: the server's backup directory." }
    "new-target" = @{ "summary" = "Go on where the directory is not the one that archives were in, and mark it." }
    "volume-size" = @{ "summary" = "The size of one zip file, at most 2GiB. Default: the server's setting." }
    "oversize" = @{ "summary" = "Files that no volume can hold are named and left out (skip, the default) or kept in parts (split)." }
    "mask" = @{ "summary" = "Only these parts, for example cfg,mail." }
    "include-archive" = @{ "summary" = "Back up the mail archive too (ArchiveDir), which the server never does." }
    "level" = @{ "summary" = "Compression, 1 (fast) to 9 (small). Default: 6." }
    "threads" = @{ "summary" = "Worker threads. Default: one a processor core." }
    "dry-run" = @{ "summary" = "Say what would be backed up, and write nothing." }
    "verify" = @{ "summary" = "Read every written byte back before publishing; on unless --no-verify." }
    "rotate" = @{ "summary" = "Remove archives over the limit afterwards; on unless --no-rotate." }
    "lock-wait" = @{ "summary" = "How long to wait for another run, for example 10m." }
    "min-free" = @{ "summary" = "So much stays free beside the archive. Default: the server's soft limit, where the store is on that disk." }
    "notify" = @{ "summary" = "When a mail tells about the run. Default: always, if there is an address." }
    "mass-loss-user" = @{ "summary" = "Warn when a user's mailbox lost this share of its messages. Default: 50." }
    "mass-loss-all" = @{ "summary" = "Warn when all mail together lost this share. Default: 20." }
    "reuse" = @{ "summary" = "Copy what is unchanged out of the newest full and its differential; --no-reuse reads everything." }
    "pin" = @{ "summary" = "No rotation removes the copy; a reason may follow." }
    "until" = @{ "summary" = "The last day on which the pin keeps it, for example 2027-01-31." }
    "via" = @{ "summary" = "Where: in mailserver.cfg, or in the running server by its administration (Kerio Connect 7 and later)." }
  }
}
}

"diff" = @{
"_command" = @{
  "summary" = "Write a differential archive: what is new or changed since the newest full, I….zip."
  "flags" = @{
    "help" = @{ "summary" = "Show help for command" }
    "server-dir" = @{ "summary" = "The mail server's install directory." }
    "json" = @{ "summary" = "Print one JSON document instead of text." }
    "quiet" = @{ "summary" = "No progress, and no summary where all went well." }
    "verbose" = @{ "summary" = "More about each step on stderr." }
    "progress" = @{ "summary" = "How progress is shown on stderr." }
    "backup-dir" = @{ "summary" = "Where archives go. Default: the server's backup directory." }
    "new-target" = @{ "summary" = "Go on where the directory is not the one that archives were in, and mark it." }
    "volume-size" = @{ "summary" = "The size of one zip file, at most 2GiB. Default: the server's setting." }
    "oversize" = @{ "summary" = "Files that no volume can hold are named and left out (skip, the default) or kept in parts (split)." }
    "mask" = @{ "summary" = "Only these parts, for example cfg,mail." }
    "include-archive" = @{ "summary" = "Back up the mail archive too (ArchiveDir), which the server never does." }
    "level" = @{ "summary" = "Compression, 1 (fast) to 9 (small). Default: 6." }
    "threads" = @{ "summary" = "Worker threads. Default: one a processor core." }
    "dry-run" = @{ "summary" = "Say what would be backed up, and write nothing." }
    "verify" = @{ "summary" = "Read every written byte back before publishing; on unless --no-verify." }
    "rotate" = @{ "summary" = "Remove archives over the limit afterwards; on unless --no-rotate." }
    "lock-wait" = @{ "summary" = "How long to wait for another run, for example 10m." }
    "min-free" = @{ "summary" = "So much stays free beside the archive. Default: the server's soft limit, where the store is on that disk." }
    "notify" = @{ "summary" = "When a mail tells about the run. Default: always, if there is an address." }
    "mass-loss-user" = @{ "summary" = "Warn when a user's mailbox lost this share of its messages. Default: 50." }
    "mass-loss-all" = @{ "summary" = "Warn when all mail together lost this share. Default: 20." }
    "checksum" = @{ "summary" = "Compare content instead of size and time." }
  }
}
}

"full" = @{
"_command" = @{
  "summary" = "Write a full archive: everything, F….zip."
  "flags" = @{
    "help" = @{ "summary" = "Show help for command" }
    "server-dir" = @{ "summary" = "The mail server's install directory." }
    "json" = @{ "summary" = "Print one JSON document instead of text." }
    "quiet" = @{ "summary" = "No progress, and no summary where all went well." }
    "verbose" = @{ "summary" = "More about each step on stderr." }
    "progress" = @{ "summary" = "How progress is shown on stderr." }
    "backup-dir" = @{ "summary" = "Where archives go. Default: the server's backup directory." }
    "new-target" = @{ "summary" = "Go on where the directory is not the one that archives were in, and mark it." }
    "volume-size" = @{ "summary" = "The size of one zip file, at most 2GiB. Default: the server's setting." }
    "oversize" = @{ "summary" = "Files that no volume can hold are named and left out (skip, the default) or kept in parts (split)." }
    "mask" = @{ "summary" = "Only these parts, for example cfg,mail." }
    "include-archive" = @{ "summary" = "Back up the mail archive too (ArchiveDir), which the server never does." }
    "level" = @{ "summary" = "Compression, 1 (fast) to 9 (small). Default: 6." }
    "threads" = @{ "summary" = "Worker threads. Default: one a processor core." }
    "dry-run" = @{ "summary" = "Say what would be backed up, and write nothing." }
    "verify" = @{ "summary" = "Read every written byte back before publishing; on unless --no-verify." }
    "rotate" = @{ "summary" = "Remove archives over the limit afterwards; on unless --no-rotate." }
    "lock-wait" = @{ "summary" = "How long to wait for another run, for example 10m." }
    "min-free" = @{ "summary" = "So much stays free beside the archive. Default: the server's soft limit, where the store is on that disk." }
    "notify" = @{ "summary" = "When a mail tells about the run. Default: always, if there is an address." }
    "mass-loss-user" = @{ "summary" = "Warn when a user's mailbox lost this share of its messages. Default: 50." }
    "mass-loss-all" = @{ "summary" = "Warn when all mail together lost this share. Default: 20." }
    "reuse" = @{ "summary" = "Copy what is unchanged out of the newest full and its differential; --no-reuse reads everything." }
  }
}
}

}

"config" = @{
"_summary" = "The settings of the server's Backup tab."
"set" = @{
"_command" = @{
  "summary" = "Set settings of the server's Backup tab."
  "flags" = @{
    "help" = @{ "summary" = "Show help for command" }
    "server-dir" = @{ "summary" = "The mail server's install directory." }
    "json" = @{ "summary" = "Print one JSON document instead of text." }
    "quiet" = @{ "summary" = "No progress, and no summary where all went well." }
    "verbose" = @{ "summary" = "More about each step on stderr." }
    "progress" = @{ "summary" = "How progress is shown on stderr." }
    "force" = @{ "summary" = "Edit although the mail server runs; it overwrites the file when it stops." }
    "dry-run" = @{ "summary" = "Show the lines that would change, and write nothing." }
    "restart-server" = @{ "summary" = "Stop the mail server, wait until it is gone, act, and start it again." }
    "via" = @{ "summary" = "Where: in mailserver.cfg, or in the running server by its administration (Kerio Connect 7 and later)." }
    "from" = @{ "summary" = "Take settings from what config show --json wrote; - is stdin." }
  }
}
}

"show" = @{
"_command" = @{
  "summary" = "Show the settings of the server's Backup tab."
  "flags" = @{
    "help" = @{ "summary" = "Show help for command" }
    "server-dir" = @{ "summary" = "The mail server's install directory." }
    "json" = @{ "summary" = "Print one JSON document instead of text." }
    "quiet" = @{ "summary" = "No progress, and no summary where all went well." }
    "verbose" = @{ "summary" = "More about each step on stderr." }
    "progress" = @{ "summary" = "How progress is shown on stderr." }
    "via" = @{ "summary" = "Where: in mailserver.cfg, or in the running server by its administration (Kerio Connect 7 and later)." }
  }
}
}

"wizard" = @{
"_command" = @{
  "summary" = "Ask for the settings of the server's Backup tab, step by step."
  "flags" = @{
    "help" = @{ "summary" = "Show help for command" }
    "server-dir" = @{ "summary" = "The mail server's install directory." }
    "json" = @{ "summary" = "Print one JSON document instead of text." }
    "quiet" = @{ "summary" = "No progress, and no summary where all went well." }
    "verbose" = @{ "summary" = "More about each step on stderr." }
    "progress" = @{ "summary" = "How progress is shown on stderr." }
    "force" = @{ "summary" = "Edit although the mail server runs; it overwrites the file when it stops." }
    "restart-server" = @{ "summary" = "Stop the mail server, wait until it is gone, act, and start it again." }
  }
}
}

}

"log" = @{
"_summary" = "The Store Backup messages of the debug log."
"disable" = @{
"_summary" = "Switch the debug log's message group Store Backup off."
"store-backup" = @{
"_command" = @{
  "summary" = "Switch the debug log's message group Store Backup off."
  "flags" = @{
    "help" = @{ "summary" = "Show help for command" }
    "server-dir" = @{ "summary" = "The mail server's install directory." }
    "json" = @{ "summary" = "Print one JSON document instead of text." }
    "quiet" = @{ "summary" = "No progress, and no summary where all went well." }
    "verbose" = @{ "summary" = "More about each step on stderr." }
    "progress" = @{ "summary" = "How progress is shown on stderr." }
    "force" = @{ "summary" = "Edit although the mail server runs; it overwrites the file when it stops." }
    "dry-run" = @{ "summary" = "Show the lines that would change, and write nothing." }
    "restart-server" = @{ "summary" = "Stop the mail server, wait until it is gone, act, and start it again." }
    "via" = @{ "summary" = "Where: in mailserver.cfg, or in the running server by its administration (Kerio Connect 7 and later)." }
  }
}
}

}

"enable" = @{
"_summary" = "Switch the debug log's message group Store Backup on."
"store-backup" = @{
"_command" = @{
  "summary" = "Switch the debug log's message group Store Backup on."
  "flags" = @{
    "help" = @{ "summary" = "Show help for command" }
    "server-dir" = @{ "summary" = "The mail server's install directory." }
    "json" = @{ "summary" = "Print one JSON document instead of text." }
    "quiet" = @{ "summary" = "No progress, and no summary where all went well." }
    "verbose" = @{ "summary" = "More about each step on stderr." }
    "progress" = @{ "summary" = "How progress is shown on stderr." }
    "force" = @{ "summary" = "Edit although the mail server runs; it overwrites the file when it stops." }
    "dry-run" = @{ "summary" = "Show the lines that would change, and write nothing." }
    "restart-server" = @{ "summary" = "Stop the mail server, wait until it is gone, act, and start it again." }
    "via" = @{ "summary" = "Where: in mailserver.cfg, or in the running server by its administration (Kerio Connect 7 and later)." }
  }
}
}

}

"show" = @{
"_command" = @{
  "summary" = "Print the debug log's Store Backup messages."
  "flags" = @{
    "help" = @{ "summary" = "Show help for command" }
    "server-dir" = @{ "summary" = "The mail server's install directory." }
    "json" = @{ "summary" = "Print one JSON document instead of text." }
    "quiet" = @{ "summary" = "No progress, and no summary where all went well." }
    "verbose" = @{ "summary" = "More about each step on stderr." }
    "progress" = @{ "summary" = "How progress is shown on stderr." }
    "via" = @{ "summary" = "Where: in mailserver.cfg, or in the running server by its administration (Kerio Connect 7 and later)." }
    "follow" = @{ "summary" = "Print lines as they are written." }
    "lines" = @{ "summary" = "Only the last N lines." }
  }
}
}

}

"notify" = @{
"_summary" = "Mail about how backups ended."
"test" = @{
"_command" = @{
  "summary" = "Send a test mail and call [notify] url as notifications do, and say what was answered."
  "flags" = @{
    "help" = @{ "summary" = "Show help for command" }
    "server-dir" = @{ "summary" = "The mail server's install directory." }
    "json" = @{ "summary" = "Print one JSON document instead of text." }
    "quiet" = @{ "summary" = "No progress, and no summary where all went well." }
    "verbose" = @{ "summary" = "More about each step on stderr." }
    "progress" = @{ "summary" = "How progress is shown on stderr." }
  }
}
}

}

"schedule" = @{
"_summary" = "The tasks of the backup schedule."
"add" = @{
"_command" = @{
  "summary" = "Add tasks to the backup schedule."
  "flags" = @{
    "help" = @{ "summary" = "Show help for command" }
    "server-dir" = @{ "summary" = "The mail server's install directory." }
    "json" = @{ "summary" = "Print one JSON document instead of text." }
    "quiet" = @{ "summary" = "No progress, and no summary where all went well." }
    "verbose" = @{ "summary" = "More about each step on stderr." }
    "progress" = @{ "summary" = "How progress is shown on stderr." }
    "force" = @{ "summary" = "Edit although the mail server runs; it overwrites the file when it stops." }
    "dry-run" = @{ "summary" = "Show the lines that would change, and write nothing." }
    "restart-server" = @{ "summary" = "Stop the mail server, wait until it is gone, act, and start it again." }
    "via" = @{ "summary" = "Where: in mailserver.cfg, or in the running server by its administration (Kerio Connect 7 and later)." }
    "type" = @{ "summary" = "What the tasks do." }
    "day" = @{
      "summary" = "mon … sun, daily, weekdays or weekend; repeatable."
      "multiple" = $true
}
    "time" = @{ "summary" = "Local time, 00:00 to 23:59." }
    "cron" = @{ "summary" = "Days and times as a cron expression, instead of --day and --time." }
    "description" = @{ "summary" = "Free text." }
    "disabled" = @{ "summary" = "Add the tasks switched off." }
  }
}
}

"edit" = @{
"_command" = @{
  "summary" = "Change tasks of the backup schedule."
  "flags" = @{
    "help" = @{ "summary" = "Show help for command" }
    "server-dir" = @{ "summary" = "The mail server's install directory." }
    "json" = @{ "summary" = "Print one JSON document instead of text." }
    "quiet" = @{ "summary" = "No progress, and no summary where all went well." }
    "verbose" = @{ "summary" = "More about each step on stderr." }
    "progress" = @{ "summary" = "How progress is shown on stderr." }
    "force" = @{ "summary" = "Edit although the mail server runs; it overwrites the file when it stops." }
    "dry-run" = @{ "summary" = "Show the lines that would change, and write nothing." }
    "restart-server" = @{ "summary" = "Stop the mail server, wait until it is gone, act, and start it again." }
    "via" = @{ "summary" = "Where: in mailserver.cfg, or in the running server by its administration (Kerio Connect 7 and later)." }
    "type" = @{ "summary" = "What the tasks do." }
    "day" = @{ "summary" = "mon … sun." }
    "time" = @{ "summary" = "Local time, 00:00 to 23:59." }
    "description" = @{ "summary" = "Free text." }
    "disabled" = @{ "summary" = "Switch the tasks off." }
    "enabled" = @{ "summary" = "Switch the tasks on." }
  }
}
}

"export" = @{
"_command" = @{
  "summary" = "Print the schedule as the operating system's scheduler takes it."
  "flags" = @{
    "help" = @{ "summary" = "Show help for command" }
    "server-dir" = @{ "summary" = "The mail server's install directory." }
    "json" = @{ "summary" = "Print one JSON document instead of text." }
    "quiet" = @{ "summary" = "No progress, and no summary where all went well." }
    "verbose" = @{ "summary" = "More about each step on stderr." }
    "progress" = @{ "summary" = "How progress is shown on stderr." }
    "to" = @{ "summary" = "The operating system's scheduler." }
    "name" = @{ "summary" = "The entry's name in the operating system's scheduler; another for each further installation." }
    "even-if-disabled" = @{ "summary" = "Run although the server's own backup is switched off." }
    "tasks-only" = @{ "summary" = "Only verify and drill of kms-backup.ini: the server's own backup makes the archives." }
  }
}
}

"install" = @{
"_command" = @{
  "summary" = "Put the schedule into the operating system's scheduler."
  "flags" = @{
    "help" = @{ "summary" = "Show help for command" }
    "server-dir" = @{ "summary" = "The mail server's install directory." }
    "json" = @{ "summary" = "Print one JSON document instead of text." }
    "quiet" = @{ "summary" = "No progress, and no summary where all went well." }
    "verbose" = @{ "summary" = "More about each step on stderr." }
    "progress" = @{ "summary" = "How progress is shown on stderr." }
    "to" = @{ "summary" = "The operating system's scheduler." }
    "name" = @{ "summary" = "The entry's name in the operating system's scheduler; another for each further installation." }
    "directory" = @{ "summary" = "systemd and launchd: write the files here and do not activate them." }
    "even-if-disabled" = @{ "summary" = "Run although the server's own backup is switched off." }
    "tasks-only" = @{ "summary" = "Only verify and drill of kms-backup.ini: the server's own backup makes the archives." }
  }
}
}

"list" = @{
"_command" = @{
  "summary" = "Show the backup schedule and its next runs."
  "flags" = @{
    "help" = @{ "summary" = "Show help for command" }
    "server-dir" = @{ "summary" = "The mail server's install directory." }
    "json" = @{ "summary" = "Print one JSON document instead of text." }
    "quiet" = @{ "summary" = "No progress, and no summary where all went well." }
    "verbose" = @{ "summary" = "More about each step on stderr." }
    "progress" = @{ "summary" = "How progress is shown on stderr." }
    "via" = @{ "summary" = "Where: in mailserver.cfg, or in the running server by its administration (Kerio Connect 7 and later)." }
    "next" = @{ "summary" = "How many coming runs to show." }
  }
}
}

"reset" = @{
"_command" = @{
  "summary" = "Replace the backup schedule by the server's default."
  "flags" = @{
    "help" = @{ "summary" = "Show help for command" }
    "server-dir" = @{ "summary" = "The mail server's install directory." }
    "json" = @{ "summary" = "Print one JSON document instead of text." }
    "quiet" = @{ "summary" = "No progress, and no summary where all went well." }
    "verbose" = @{ "summary" = "More about each step on stderr." }
    "progress" = @{ "summary" = "How progress is shown on stderr." }
    "force" = @{ "summary" = "Edit although the mail server runs; it overwrites the file when it stops." }
    "dry-run" = @{ "summary" = "Show the lines that would change, and write nothing." }
    "restart-server" = @{ "summary" = "Stop the mail server, wait until it is gone, act, and start it again." }
    "via" = @{ "summary" = "Where: in mailserver.cfg, or in the running server by its administration (Kerio Connect 7 and later)." }
  }
}
}

"rm" = @{
"_command" = @{
  "summary" = "Remove tasks from the backup schedule."
  "flags" = @{
    "help" = @{ "summary" = "Show help for command" }
    "server-dir" = @{ "summary" = "The mail server's install directory." }
    "json" = @{ "summary" = "Print one JSON document instead of text." }
    "quiet" = @{ "summary" = "No progress, and no summary where all went well." }
    "verbose" = @{ "summary" = "More about each step on stderr." }
    "progress" = @{ "summary" = "How progress is shown on stderr." }
    "force" = @{ "summary" = "Edit although the mail server runs; it overwrites the file when it stops." }
    "dry-run" = @{ "summary" = "Show the lines that would change, and write nothing." }
    "restart-server" = @{ "summary" = "Stop the mail server, wait until it is gone, act, and start it again." }
    "via" = @{ "summary" = "Where: in mailserver.cfg, or in the running server by its administration (Kerio Connect 7 and later)." }
    "all" = @{ "summary" = "Remove every task." }
  }
}
}

"run" = @{
"_command" = @{
  "summary" = "Back up if the schedule made it due since the last run."
  "flags" = @{
    "help" = @{ "summary" = "Show help for command" }
    "server-dir" = @{ "summary" = "The mail server's install directory." }
    "json" = @{ "summary" = "Print one JSON document instead of text." }
    "quiet" = @{ "summary" = "No progress, and no summary where all went well." }
    "verbose" = @{ "summary" = "More about each step on stderr." }
    "progress" = @{ "summary" = "How progress is shown on stderr." }
    "backup-dir" = @{ "summary" = "Where archives go. Default: the server's backup directory." }
    "include-archive" = @{ "summary" = "Back up the mail archive too (ArchiveDir), which the server never does." }
    "dry-run" = @{ "summary" = "Say what is due, and do nothing." }
    "even-if-disabled" = @{ "summary" = "Run although the server's own backup is switched off." }
    "tasks-only" = @{ "summary" = "Only verify and drill of kms-backup.ini: the server's own backup makes the archives." }
  }
}
}

"uninstall" = @{
"_command" = @{
  "summary" = "Take the schedule out of the operating system's scheduler."
  "flags" = @{
    "help" = @{ "summary" = "Show help for command" }
    "server-dir" = @{ "summary" = "The mail server's install directory." }
    "json" = @{ "summary" = "Print one JSON document instead of text." }
    "quiet" = @{ "summary" = "No progress, and no summary where all went well." }
    "verbose" = @{ "summary" = "More about each step on stderr." }
    "progress" = @{ "summary" = "How progress is shown on stderr." }
    "to" = @{ "summary" = "The operating system's scheduler." }
    "name" = @{ "summary" = "The entry's name in the operating system's scheduler; another for each further installation." }
    "directory" = @{ "summary" = "systemd and launchd: where the files are." }
  }
}
}

}

"target" = @{
"_summary" = "Object stores that archives lie in."
"add" = @{
"_command" = @{
  "summary" = "Add an object store or a directory as a place for archives."
  "flags" = @{
    "help" = @{ "summary" = "Show help for command" }
    "server-dir" = @{ "summary" = "The mail server's install directory." }
    "json" = @{ "summary" = "Print one JSON document instead of text." }
    "quiet" = @{ "summary" = "No progress, and no summary where all went well." }
    "verbose" = @{ "summary" = "More about each step on stderr." }
    "progress" = @{ "summary" = "How progress is shown on stderr." }
    "endpoint" = @{ "summary" = "The server's address. Default: the environment's, else AWS." }
    "region" = @{ "summary" = "The bucket's region." }
    "bucket" = @{ "summary" = "The bucket, where no address names it." }
    "prefix" = @{ "summary" = "What archives lie below in the bucket." }
    "path-style" = @{ "summary" = "The bucket is part of the path. Default with an endpoint." }
    "profile" = @{ "summary" = "A profile of the files of AWS's tools." }
    "credentials-file" = @{ "summary" = "Keys in the format of ~/.aws/credentials." }
    "credential-process" = @{ "summary" = "A program that prints keys as JSON." }
    "ca-file" = @{ "summary" = "Certificates that are believed beside the usual ones." }
    "proxy" = @{ "summary" = "Default: HTTPS_PROXY of the environment." }
    "storage-class" = @{ "summary" = "The class of volumes. Default: the bucket's." }
    "retention" = @{ "summary" = "Lock archives for so long, for example 30d." }
    "retention-mode" = @{ "summary" = "Some may lift the lock, or nobody." }
    "recipients" = @{ "summary" = "age recipients that archives are sealed for." }
    "passphrase-file" = @{ "summary" = "Seals archives with the passphrase in it, and opens them." }
    "identity-file" = @{ "summary" = "Opens sealed archives." }
    "index-cache" = @{ "summary" = "Keep the index of what is sealed, for differentials." }
    "upload-limit" = @{ "summary" = "The most bytes a second, for example 5MB." }
    "spool" = @{ "summary" = "Where this machine keeps what belongs to the target." }
    "dry-run" = @{ "summary" = "Say what would change, and write nothing." }
  }
}
}

"list" = @{
"_command" = @{
  "summary" = "List the object stores of kms-backup.ini."
  "flags" = @{
    "help" = @{ "summary" = "Show help for command" }
    "server-dir" = @{ "summary" = "The mail server's install directory." }
    "json" = @{ "summary" = "Print one JSON document instead of text." }
    "quiet" = @{ "summary" = "No progress, and no summary where all went well." }
    "verbose" = @{ "summary" = "More about each step on stderr." }
    "progress" = @{ "summary" = "How progress is shown on stderr." }
  }
}
}

"rm" = @{
"_command" = @{
  "summary" = "Take a target out of kms-backup.ini."
  "flags" = @{
    "help" = @{ "summary" = "Show help for command" }
    "server-dir" = @{ "summary" = "The mail server's install directory." }
    "json" = @{ "summary" = "Print one JSON document instead of text." }
    "quiet" = @{ "summary" = "No progress, and no summary where all went well." }
    "verbose" = @{ "summary" = "More about each step on stderr." }
    "progress" = @{ "summary" = "How progress is shown on stderr." }
    "dry-run" = @{ "summary" = "Say what would change, and write nothing." }
  }
}
}

"show" = @{
"_command" = @{
  "summary" = "Show the settings of a target."
  "flags" = @{
    "help" = @{ "summary" = "Show help for command" }
    "server-dir" = @{ "summary" = "The mail server's install directory." }
    "json" = @{ "summary" = "Print one JSON document instead of text." }
    "quiet" = @{ "summary" = "No progress, and no summary where all went well." }
    "verbose" = @{ "summary" = "More about each step on stderr." }
    "progress" = @{ "summary" = "How progress is shown on stderr." }
  }
}
}

"test" = @{
"_command" = @{
  "summary" = "Try what an object store can do and what this machine may do there."
  "flags" = @{
    "help" = @{ "summary" = "Show help for command" }
    "server-dir" = @{ "summary" = "The mail server's install directory." }
    "json" = @{ "summary" = "Print one JSON document instead of text." }
    "quiet" = @{ "summary" = "No progress, and no summary where all went well." }
    "verbose" = @{ "summary" = "More about each step on stderr." }
    "progress" = @{ "summary" = "How progress is shown on stderr." }
  }
}
}

}

"completion" = @{
"_command" = @{
  "summary" = "Print the completion script of a shell."
  "flags" = @{
    "help" = @{ "summary" = "Show help for command" }
    "server-dir" = @{ "summary" = "The mail server's install directory." }
    "json" = @{ "summary" = "Print one JSON document instead of text." }
    "quiet" = @{ "summary" = "No progress, and no summary where all went well." }
    "verbose" = @{ "summary" = "More about each step on stderr." }
    "progress" = @{ "summary" = "How progress is shown on stderr." }
  }
}
}

"demo" = @{
"_command" = @{
  "summary" = "Show backup and recovery on a sample mail server."
  "flags" = @{
    "help" = @{ "summary" = "Show help for command" }
    "server-dir" = @{ "summary" = "The mail server's install directory." }
    "json" = @{ "summary" = "Print one JSON document instead of text." }
    "quiet" = @{ "summary" = "No progress, and no summary where all went well." }
    "verbose" = @{ "summary" = "More about each step on stderr." }
    "progress" = @{ "summary" = "How progress is shown on stderr." }
  }
}
}

"diff" = @{
"_command" = @{
  "summary" = "Tell what changed between two backups, or since a backup."
  "flags" = @{
    "help" = @{ "summary" = "Show help for command" }
    "server-dir" = @{ "summary" = "The mail server's install directory." }
    "json" = @{ "summary" = "Print one JSON document instead of text." }
    "quiet" = @{ "summary" = "No progress, and no summary where all went well." }
    "verbose" = @{ "summary" = "More about each step on stderr." }
    "progress" = @{ "summary" = "How progress is shown on stderr." }
    "domain" = @{ "summary" = "Only this domain." }
    "user" = @{ "summary" = "Only this user." }
    "folder" = @{ "summary" = "Only this folder: INBOX, ""Gesendete Objekte/Ärzte""." }
    "subfolders" = @{ "summary" = "With the folders below --folder; on unless --no-subfolders." }
    "identity" = @{ "summary" = "The identities of age that open sealed archives: AGE-SECRET-KEY-1…" }
    "passphrase-file" = @{ "summary" = "The passphrase that opens archives which one seals." }
  }
}
}

"doctor" = @{
"_command" = @{
  "summary" = "Check configuration, schedule, paths, rights, space, clock and engine, and say what to do."
  "flags" = @{
    "help" = @{ "summary" = "Show help for command" }
    "server-dir" = @{ "summary" = "The mail server's install directory." }
    "json" = @{ "summary" = "Print one JSON document instead of text." }
    "quiet" = @{ "summary" = "No progress, and no summary where all went well." }
    "verbose" = @{ "summary" = "More about each step on stderr." }
    "progress" = @{ "summary" = "How progress is shown on stderr." }
    "backup-dir" = @{ "summary" = "Where archives are. Default: the server's backup directory." }
    "name" = @{ "summary" = "The entry's name in the operating system's scheduler; another for each further installation." }
  }
}
}

"drill" = @{
"_command" = @{
  "summary" = "Rehearse a recover: bring mail back into a scratch directory, prove it, and remove it."
  "flags" = @{
    "help" = @{ "summary" = "Show help for command" }
    "server-dir" = @{ "summary" = "The mail server's install directory." }
    "json" = @{ "summary" = "Print one JSON document instead of text." }
    "quiet" = @{ "summary" = "No progress, and no summary where all went well." }
    "verbose" = @{ "summary" = "More about each step on stderr." }
    "progress" = @{ "summary" = "How progress is shown on stderr." }
    "full" = @{ "summary" = "Recover everything of it." }
    "sample" = @{ "summary" = "Recover this share of the mailboxes, chosen by chance: 5%." }
    "domain" = @{ "summary" = "Recover this domain." }
    "user" = @{ "summary" = "Recover this user: alice, or alice@example.com." }
    "seed" = @{ "summary" = "Let chance choose the same mailboxes again, as a report says." }
    "to" = @{ "summary" = "A directory on a disk with room; a private one is made in it. Default: one that is found." }
    "keep" = @{ "summary" = "Leave what was recovered there." }
    "identity" = @{ "summary" = "The identities of age that open sealed archives: AGE-SECRET-KEY-1…" }
    "passphrase-file" = @{ "summary" = "The passphrase that opens archives which one seals." }
    "threads" = @{ "summary" = "Worker threads. Default: one a processor core." }
  }
}
}

"export" = @{
"_command" = @{
  "summary" = "Hand over mail from an archive in a format that others read."
  "flags" = @{
    "help" = @{ "summary" = "Show help for command" }
    "server-dir" = @{ "summary" = "The mail server's install directory." }
    "json" = @{ "summary" = "Print one JSON document instead of text." }
    "quiet" = @{ "summary" = "No progress, and no summary where all went well." }
    "verbose" = @{ "summary" = "More about each step on stderr." }
    "progress" = @{ "summary" = "How progress is shown on stderr." }
    "domain" = @{ "summary" = "Only this domain." }
    "user" = @{ "summary" = "Only this user." }
    "folder" = @{ "summary" = "Only this folder: INBOX, ""Gesendete Objekte/Ärzte""." }
    "subfolders" = @{ "summary" = "With the folders below --folder; on unless --no-subfolders." }
    "from" = @{ "summary" = "Sender holds this." }
    "to" = @{ "summary" = "To, Cc or Bcc hold this." }
    "subject" = @{ "summary" = "Subject holds this." }
    "message-id" = @{ "summary" = "The message of this Message-ID." }
    "since" = @{ "summary" = "Dated at or after this: 2026-11-17, ""2026-11-17 09:30"", yesterday, monday, 7d, 2w." }
    "before" = @{ "summary" = "Dated before this; a day itself is out." }
    "text" = @{ "summary" = "Subject, text or the name of an attachment hold this." }
    "format" = @{ "summary" = "What to write." }
    "output" = @{ "summary" = "Where to; - is standard output." }
    "interactive" = @{ "summary" = "Choose archive, user, folder and messages from lists, which / filters; what the store lacks is marked." }
    "salvage" = @{ "summary" = "Take all that can be read of a damaged archive; name what is missing." }
    "identity" = @{ "summary" = "The identities of age that open sealed archives: AGE-SECRET-KEY-1…" }
    "passphrase-file" = @{ "summary" = "The passphrase that opens archives which one seals." }
    "overwrite" = @{ "summary" = "Replace the file if it exists." }
  }
}
}

"history" = @{
"_command" = @{
  "summary" = "Show what ran and how it ended, newest last."
  "flags" = @{
    "help" = @{ "summary" = "Show help for command" }
    "server-dir" = @{ "summary" = "The mail server's install directory." }
    "json" = @{ "summary" = "Print one JSON document instead of text." }
    "quiet" = @{ "summary" = "No progress, and no summary where all went well." }
    "verbose" = @{ "summary" = "More about each step on stderr." }
    "progress" = @{ "summary" = "How progress is shown on stderr." }
    "last" = @{ "summary" = "How many runs." }
  }
}
}

"list-archives" = @{
"_command" = @{
  "summary" = "List the archives of a backup directory, newest last."
  "flags" = @{
    "help" = @{ "summary" = "Show help for command" }
    "server-dir" = @{ "summary" = "The mail server's install directory." }
    "json" = @{ "summary" = "Print one JSON document instead of text." }
    "quiet" = @{ "summary" = "No progress, and no summary where all went well." }
    "verbose" = @{ "summary" = "More about each step on stderr." }
    "progress" = @{ "summary" = "How progress is shown on stderr." }
    "identity" = @{ "summary" = "The identities of age that open sealed archives: AGE-SECRET-KEY-1…" }
    "passphrase-file" = @{ "summary" = "The passphrase that opens archives which one seals." }
    "set" = @{ "summary" = "Group archives by backup set." }
  }
}
}

"pin" = @{
"_command" = @{
  "summary" = "Keep an archive, whatever the rules say."
  "flags" = @{
    "help" = @{ "summary" = "Show help for command" }
    "server-dir" = @{ "summary" = "The mail server's install directory." }
    "json" = @{ "summary" = "Print one JSON document instead of text." }
    "quiet" = @{ "summary" = "No progress, and no summary where all went well." }
    "verbose" = @{ "summary" = "More about each step on stderr." }
    "progress" = @{ "summary" = "How progress is shown on stderr." }
    "reason" = @{ "summary" = "Why it is kept; shown wherever the pin is." }
    "until" = @{ "summary" = "The last day on which the pin keeps it, for example 2027-01-31." }
    "backup-dir" = @{ "summary" = "Where archives are. Default: the server's backup directory." }
    "lock-wait" = @{ "summary" = "How long to wait for another run, for example 10m." }
  }
}
}

"recover" = @{
"_command" = @{
  "summary" = "Recover mail and configuration from an archive."
  "flags" = @{
    "help" = @{ "summary" = "Show help for command" }
    "server-dir" = @{ "summary" = "The mail server's install directory." }
    "json" = @{ "summary" = "Print one JSON document instead of text." }
    "quiet" = @{ "summary" = "No progress, and no summary where all went well." }
    "verbose" = @{ "summary" = "More about each step on stderr." }
    "progress" = @{ "summary" = "How progress is shown on stderr." }
    "domain" = @{ "summary" = "Only this domain." }
    "user" = @{ "summary" = "Only this user: alice, or alice@example.com." }
    "folder" = @{ "summary" = "Only this folder of the user, with those below it: INBOX, ""Gesendete Objekte/Ärzte""." }
    "subfolders" = @{ "summary" = "With the folders below --folder; on unless --no-subfolders." }
    "message" = @{
      "summary" = "Only this message, as search prints it: example.com/alice/INBOX/0000000a. Repeatable."
      "multiple" = $true
}
    "additive" = @{ "summary" = "Add to the live mailbox under free names; overwrite nothing." }
    "reindex" = @{ "summary" = "Set the index of folders that get mail aside: a server before 7.3 shows added mail only then, and their messages are unread." }
    "imap" = @{ "summary" = "Put messages back into the account on a mail server that runs, by IMAP." }
    "into" = @{ "summary" = "The folder that they go into. Default: Recovered and the day of the archive." }
    "to-user" = @{ "summary" = "The account. Default: the address of the archive." }
    "auth-as" = @{ "summary" = "Log in as this user, who may act for others." }
    "master-auth" = @{ "summary" = "Log in by the master password of Kerio Connect." }
    "imap-password-file" = @{ "summary" = "Default: KMS_BACKUP_IMAP_PASSWORD, else it is asked for." }
    "imap-tls" = @{ "summary" = "The protection of the way: auto is tls on port 993, else starttls." }
    "ca-file" = @{ "summary" = "Certificates that are believed beside the usual ones." }
    "fingerprint" = @{ "summary" = "Believe the certificate with this fingerprint, and no other." }
    "store" = @{ "summary" = "Where mail, lists and the like go. Default: the store. Configuration is recovered only with --cfgdir or --mask then." }
    "cfgdir" = @{ "summary" = "Where configuration, certificates and licence go." }
    "keep-paths" = @{ "summary" = "Leave the paths in the recovered mailserver.cfg as the archive's, also where they do not fit here." }
    "mask" = @{ "summary" = "Only these parts, for example cfg,mail." }
    "listing" = @{ "summary" = "List what would be recovered, and recover nothing." }
    "backup" = @{ "summary" = "Keep the present data as NAME.BAK, also for --rollback." }
    "keep-old" = @{ "summary" = "Keep the present data for --rollback, also where little space is left; on where the space is there, unless --no-keep-old." }
    "in-place" = @{ "summary" = "Remove the present data first: needs less space, has no undo." }
    "salvage" = @{ "summary" = "Take all that can be read of a damaged archive; name what is missing." }
    "rollback" = @{ "summary" = "Restore the state before the last recover, and keep what came in since beside it; again: the one before it." }
    "forget" = @{ "summary" = "Remove what recovers keep for --rollback." }
    "interactive" = @{ "summary" = "Choose archive, user, folder and messages from lists, which / filters; what the store lacks is marked." }
    "noprogress" = @{ "summary" = "Show no progress." }
    "identity" = @{ "summary" = "The identities of age that open sealed archives: AGE-SECRET-KEY-1…" }
    "passphrase-file" = @{ "summary" = "The passphrase that opens archives which one seals." }
    "threads" = @{ "summary" = "Worker threads. Default: one a processor core." }
    "dry-run" = @{ "summary" = "Show the plan, and change nothing." }
    "yes" = @{ "summary" = "Do not ask." }
    "force" = @{ "summary" = "Although the mail server runs." }
    "restart-server" = @{ "summary" = "Stop the mail server, wait until it is gone, act, and start it again." }
  }
}
}

"replicate" = @{
"_command" = @{
  "summary" = "Copy proven archives to a second place."
  "flags" = @{
    "help" = @{ "summary" = "Show help for command" }
    "server-dir" = @{ "summary" = "The mail server's install directory." }
    "json" = @{ "summary" = "Print one JSON document instead of text." }
    "quiet" = @{ "summary" = "No progress, and no summary where all went well." }
    "verbose" = @{ "summary" = "More about each step on stderr." }
    "progress" = @{ "summary" = "How progress is shown on stderr." }
    "to" = @{ "summary" = "A directory, s3://BUCKET/PREFIX or a target. Default: [mirror] to of kms-backup.ini." }
    "backup-dir" = @{ "summary" = "Where archives are. Default: the server's backup directory." }
    "new-target" = @{ "summary" = "Go on where the directory is not the one that archives were in, and mark it." }
    "dry-run" = @{ "summary" = "Say what would be copied and removed, and change nothing." }
    "lock-wait" = @{ "summary" = "How long to wait for another run, for example 10m." }
  }
}
}

"rotate" = @{
"_command" = @{
  "summary" = "Remove archives that no rule keeps."
  "flags" = @{
    "help" = @{ "summary" = "Show help for command" }
    "server-dir" = @{ "summary" = "The mail server's install directory." }
    "json" = @{ "summary" = "Print one JSON document instead of text." }
    "quiet" = @{ "summary" = "No progress, and no summary where all went well." }
    "verbose" = @{ "summary" = "More about each step on stderr." }
    "progress" = @{ "summary" = "How progress is shown on stderr." }
    "backup-dir" = @{ "summary" = "Where archives lie. Default: the server's backup directory." }
    "keep" = @{ "summary" = "How many complete backups stay. Default: [retention] of kms-backup.ini, else the server's limit." }
    "identity" = @{ "summary" = "The identities of age that open sealed archives: AGE-SECRET-KEY-1…" }
    "passphrase-file" = @{ "summary" = "The passphrase that opens archives which one seals." }
    "dry-run" = @{ "summary" = "Say what would be removed and why, and remove nothing." }
    "lock-wait" = @{ "summary" = "How long to wait for another run, for example 10m." }
  }
}
}

"search" = @{
"_command" = @{
  "summary" = "Find messages inside archives."
  "flags" = @{
    "help" = @{ "summary" = "Show help for command" }
    "server-dir" = @{ "summary" = "The mail server's install directory." }
    "json" = @{ "summary" = "Print one JSON document instead of text." }
    "quiet" = @{ "summary" = "No progress, and no summary where all went well." }
    "verbose" = @{ "summary" = "More about each step on stderr." }
    "progress" = @{ "summary" = "How progress is shown on stderr." }
    "from" = @{ "summary" = "Sender holds this." }
    "to" = @{ "summary" = "To, Cc or Bcc hold this." }
    "subject" = @{ "summary" = "Subject holds this." }
    "message-id" = @{ "summary" = "The message of this Message-ID." }
    "since" = @{ "summary" = "Dated at or after this: 2026-11-17, ""2026-11-17 09:30"", yesterday, monday, 7d, 2w." }
    "before" = @{ "summary" = "Dated before this; a day itself is out." }
    "text" = @{ "summary" = "Subject, text or the name of an attachment hold this." }
    "domain" = @{ "summary" = "Only this domain." }
    "user" = @{ "summary" = "Only this user." }
    "folder" = @{ "summary" = "Only this folder: INBOX, ""Gesendete Objekte/Ärzte""." }
    "subfolders" = @{ "summary" = "With the folders below --folder; on unless --no-subfolders." }
    "newest" = @{ "summary" = "Only the last complete backup of the directory." }
    "deleted" = @{ "summary" = "Only messages that are no longer in the store." }
    "store" = @{ "summary" = "The live store. Default: the server's." }
    "cache" = @{ "summary" = "Keep headers beside the archives; on unless --no-cache." }
    "identity" = @{ "summary" = "The identities of age that open sealed archives: AGE-SECRET-KEY-1…" }
    "passphrase-file" = @{ "summary" = "The passphrase that opens archives which one seals." }
    "threads" = @{ "summary" = "Worker threads. Default: one a processor core." }
  }
}
}

"status" = @{
"_command" = @{
  "summary" = "Show the last backups, the next run, free space and warnings on one screen."
  "flags" = @{
    "help" = @{ "summary" = "Show help for command" }
    "server-dir" = @{ "summary" = "The mail server's install directory." }
    "json" = @{ "summary" = "Print one JSON document instead of text." }
    "quiet" = @{ "summary" = "No progress, and no summary where all went well." }
    "verbose" = @{ "summary" = "More about each step on stderr." }
    "progress" = @{ "summary" = "How progress is shown on stderr." }
    "via" = @{ "summary" = "Where: in mailserver.cfg, or in the running server by its administration (Kerio Connect 7 and later)." }
    "acknowledge" = @{ "summary" = "Say that a loss of mail is right: nothing is kept for it." }
    "backup-dir" = @{ "summary" = "Where archives are. Default: the server's backup directory." }
    "identity" = @{ "summary" = "The identities of age that open sealed archives: AGE-SECRET-KEY-1…" }
    "passphrase-file" = @{ "summary" = "The passphrase that opens archives which one seals." }
    "html" = @{ "summary" = "Also write the state as one self-contained page." }
    "prometheus" = @{ "summary" = "Also write the state as metrics, for the node exporter." }
    "check" = @{ "summary" = "Be a monitoring check." }
    "max-age" = @{ "summary" = "The same with this limit for the newest archive. Default: 26h." }
  }
}
}

"unpin" = @{
"_command" = @{
  "summary" = "Take the pin of an archive away."
  "flags" = @{
    "help" = @{ "summary" = "Show help for command" }
    "server-dir" = @{ "summary" = "The mail server's install directory." }
    "json" = @{ "summary" = "Print one JSON document instead of text." }
    "quiet" = @{ "summary" = "No progress, and no summary where all went well." }
    "verbose" = @{ "summary" = "More about each step on stderr." }
    "progress" = @{ "summary" = "How progress is shown on stderr." }
    "backup-dir" = @{ "summary" = "Where archives are. Default: the server's backup directory." }
    "lock-wait" = @{ "summary" = "How long to wait for another run, for example 10m." }
  }
}
}

"verify" = @{
"_command" = @{
  "summary" = "Read every byte of archives and prove that they can be recovered."
  "flags" = @{
    "help" = @{ "summary" = "Show help for command" }
    "server-dir" = @{ "summary" = "The mail server's install directory." }
    "json" = @{ "summary" = "Print one JSON document instead of text." }
    "quiet" = @{ "summary" = "No progress, and no summary where all went well." }
    "verbose" = @{ "summary" = "More about each step on stderr." }
    "progress" = @{ "summary" = "How progress is shown on stderr." }
    "quick" = @{ "summary" = "Check the structure only, without reading data." }
    "read" = @{ "summary" = "Read every byte also of sealed archives that nothing opens." }
    "unverified" = @{ "summary" = "Only archives that no verify, and no drill of everything, has found sound; what is least proven comes first." }
    "max-duration" = @{ "summary" = "Stop after this time, for example 1h: what was verified until then is recorded, the next call goes on with what is least proven." }
    "identity" = @{ "summary" = "The identities of age that open sealed archives: AGE-SECRET-KEY-1…" }
    "passphrase-file" = @{ "summary" = "The passphrase that opens archives which one seals." }
    "threads" = @{ "summary" = "Worker threads. Default: one a processor core." }
  }
}
}

}

    # Get the current mode
    $Mode = (Get-PSReadLineKeyHandler | Where-Object {$_.Key -eq "Tab" }).Function

    # Everything in the current line except the CLI executable name.
    $CurrentLine = $commandAst.CommandElements[1..$commandAst.CommandElements.Count] -split " "

    # Remove $WordToComplete from the current line.
    if ($WordToComplete -ne "") {
      if ($CurrentLine.Count -eq 1) {
        $CurrentLine = @()
      } else {
        $CurrentLine = $CurrentLine[0..$CurrentLine.Count]
      }
    }

    # Save flags in current line without the `--` prefix.
    $Flags = $CurrentLine | Where-Object {
      $_ -Match "^-{1,2}(\w+)"
    } | ForEach-Object {
      $_.trim("-")
    }
    # Set $flags to an empty hashtable if there are no flags in the current line.
    if ($Flags -eq $null) {
      $Flags = @{}
    }

    # No command in the current line, suggest top-level args.
    if ($CurrentLine.Count -eq 0) {
        $Commands.GetEnumerator() | Where-Object {
            $_.Key.StartsWith("$WordToComplete")
          } | Sort-Object -Property key | ForEach-Object {
          New-Object -Type CompletionResult -ArgumentList `
              $($Mode -eq "MenuComplete" ? "$($_.Key) " : "$($_.Key)"),
              $_.Key,
              "ParameterValue",
              "$($_.Value._summary ?? $_.Value._command.summary ?? " ")"
          }
    } else {
      # Start completing command/topic/coTopic

      $NextArg = $null
      $PrevNode = $null

      # Iterate over the current line to find the command/topic/coTopic hashtable
      $CurrentLine | ForEach-Object {
        if ($NextArg -eq $null) {
          $NextArg = $Commands[$_]
        } elseif ($PrevNode[$_] -ne $null) {
          $NextArg = $PrevNode[$_]
        } elseif ($_.StartsWith('-')) {
          return
        } else {
          $NextArg = $PrevNode
        }

        $PrevNode = $NextArg
      }

      # Start completing command.
      if ($NextArg._command -ne $null) {
          # Complete flags
          # `cli config list -<TAB>`
          if ($WordToComplete -like '-*') {
              $NextArg._command.flags.GetEnumerator() | Sort-Object -Property key
                  | Where-Object {
                      # Filter out already used flags (unless `flag.multiple = true`).
                      $_.Key.StartsWith("$($WordToComplete.Trim("-"))") -and ($_.Value.multiple -eq $true -or !$flags.Contains($_.Key))
                  }
                  | ForEach-Object {
                      New-Object -Type CompletionResult -ArgumentList `
                          $($Mode -eq "MenuComplete" ? "--$($_.Key) " : "--$($_.Key)"),
                          $_.Key,
                          "ParameterValue",
                          "$($NextArg._command.flags[$_.Key].summary ?? " ")"
                  }
          } else {
              # This could be a coTopic. We remove the "_command" hashtable
              # from $NextArg and check if there's a command under the current partial ID.
              $NextArg.remove("_command")

              if ($NextArg.keys -gt 0) {
                  $NextArg.GetEnumerator() | Where-Object {
                      $_.Key.StartsWith("$WordToComplete")
                    } | Sort-Object -Property key | ForEach-Object {
                    New-Object -Type CompletionResult -ArgumentList `
                      $($Mode -eq "MenuComplete" ? "$($_.Key) " : "$($_.Key)"),
                      $_.Key,
                      "ParameterValue",
                      "$($NextArg[$_.Key]._summary ?? " ")"
                  }
              }
          }
      } else {
          # Start completing topic.

          # Topic summary is stored as "_summary" in the hashtable.
          # At this stage it is no longer needed so we remove it
          # so that $NextArg contains only commands/topics hashtables

          $NextArg.remove("_summary")

          $NextArg.GetEnumerator() | Where-Object {
                $_.Key.StartsWith("$WordToComplete")
              } | Sort-Object -Property key | ForEach-Object {
              New-Object -Type CompletionResult -ArgumentList `
                  $($Mode -eq "MenuComplete" ? "$($_.Key) " : "$($_.Key)"),
                  $_.Key,
                  "ParameterValue",
                  "$($NextArg[$_.Key]._summary ?? $NextArg[$_.Key]._command.summary ?? " ")"
          }
      }
    }
}
Register-ArgumentCompleter -Native -CommandName kms-backup -ScriptBlock $scriptblock
