/** The rooms of docs/design.md: who may import whom. */
const VERBS =
  'backup|recover|rotate|replicate|schedule|demo|config|status|report|verify|search|export|diff|drill|put-back';
/** Pure functions of nouns and verbs that put a thing into words: what is shown may use them, as it uses their types. */
const WORDS =
  '^src/(archive/(names|completeness|damage|kept-counts|pin-words|proof|salvage/missing)|store/(left-out-words|mail-names)|server/(config/diff|kept-words)|schedule/week)\\.ts$';
/** The bases of commands: they call what commands call. */
const COMMANDS = '^src/(commands/|ui/[\\w-]+-command\\.ts$)';
/** Each outside library has one file that knows it. */
const HOMES = {
  archiver: '^src/export/pack-archive\\.ts$',
  yauzl: '^src/archive/zip/odd-central-directory\\.ts$',
  ini: '^src/(archive/summary|settings/ini-file)\\.ts$',
  '@rgrove/parse-xml': '^src/platform/xml-document\\.ts$',
  ora: '^src/ui/progress\\.ts$',
  inquirer: '^src/ui/prompts\\.ts$',
  '@inquirer/core': '^src/ui/filter-list\\.ts$',
  'postal-mime': '^src/mail/mime-text\\.ts$',
  'cron-parser': '^src/schedule/cron\\.ts$',
  nodemailer: '^src/report/mailer\\.ts$',
  'ps-list': '^src/platform/process-list\\.ts$',
  'age-encryption': '^src/sealing/age-headers\\.ts$',
  imapflow: '^src/imap/session\\.ts$',
};
/** What decides and does nothing: it can be printed, compared and tested without a disk. */
const PURE =
  '/(plan-[^/]+|policy[^/]*|names|[^/]+-names|compare-store|compare-files|same-file|mass-loss|count-mail|damage|completeness|sets)\\.ts$';
/** Ways to a disk, to other programs, to the time. */
const IMPURE =
  '^(node:)?(fs|fs/promises|child_process|net|worker_threads)$|^src/platform/(clock|run-program|worker-pool)\\.ts$|^src/archive/(local-[^/]+|storages|backup-directory)\\.ts$';
const forbid = (name, from, to, comment) => ({
  name,
  severity: 'error',
  from,
  to,
  comment,
});

module.exports = {
  forbidden: [
    forbid('no-cycles', {}, { circular: true }, 'Data flows one way.'),
    forbid(
      'errors-import-nothing',
      { path: '^src/errors\\.ts$' },
      { path: '.' },
      'Everybody imports it.',
    ),
    forbid(
      'platform-knows-nothing-of-mail',
      { path: '^src/platform/' },
      { path: '^src/(?!platform/|errors\\.ts)' },
      'It is the ground.',
    ),
    forbid(
      'nouns-stand-on-platform',
      { path: '^src/(archive|store|server|settings|mail)/' },
      { path: `^src/(${VERBS}|jobs|ui|commands)/` },
      'Nouns know no verbs.',
    ),
    forbid(
      'store-stands-below',
      { path: '^src/store/' },
      { path: '^src/(?!store/|platform/|errors\\.ts)' },
      'Archive and server ask it.',
    ),
    forbid(
      'object-store-stands-below',
      { path: '^src/object-store/' },
      { path: '^src/(?!object-store/|platform/|errors\\.ts)' },
      'Bytes under keys; what they are, others know.',
    ),
    forbid(
      'imap-stands-below',
      { path: '^src/imap/' },
      { path: '^src/(?!imap/|platform/|errors\\.ts)' },
      'Folders that take messages; where these are from, others know.',
    ),
    forbid(
      'admin-api-stands-below',
      { path: '^src/admin-api/' },
      { path: '^src/(?!admin-api/|platform/|errors\\.ts)' },
      'Questions and answers; what they are about, others know.',
    ),
    forbid(
      'history-stands-below',
      { path: '^src/history/' },
      { path: '^src/(?!history/|platform/|errors\\.ts)' },
      'Everybody who acts notes facts, and it knows none of them.',
    ),
    forbid(
      'archive-stands-alone',
      { path: '^src/archive/' },
      { path: '^src/(server|mail)/' },
      'Three nouns, apart.',
    ),
    forbid(
      'zip-knows-no-archive',
      { path: '^src/archive/zip/' },
      { path: '^src/archive/(?!zip/)' },
      'The format knows nothing of backups.',
    ),
    forbid(
      'writing-and-reading-apart',
      { path: '^src/archive/(write|read)/' },
      { path: '^src/archive/(write|read)/', pathNot: '^src/archive/$1/' },
      'Both stand on the format.',
    ),
    forbid(
      'compression-behind-the-codec',
      { path: '^src/', pathNot: '^src/archive/zip/(codec\\.ts|zlib/|wasm/)' },
      { path: '^src/archive/zip/(zlib|wasm)/' },
      'Another codec is another file.',
    ),
    forbid(
      'sealing-knows-no-archive',
      { path: '^src/sealing/' },
      {
        path: '^src/(?!sealing/|platform/|errors\\.ts|archive/zip/source\\.ts)',
      },
      'Files are sealed, whatever is in them.',
    ),
    forbid(
      'server-stands-alone',
      { path: '^src/server/' },
      { path: '^src/(archive|mail|admin-api)/' },
      'Nouns, apart; a job brings a server and the way to it together.',
    ),
    forbid(
      'mail-stands-alone',
      { path: '^src/mail/' },
      { path: '^src/(archive|server)/' },
      'Three nouns, apart.',
    ),
    forbid(
      'settings-stand-alone',
      { path: '^src/settings/' },
      { path: '^src/(archive|store|server|mail)/' },
      'A file of ours, whatever the server is.',
    ),
    forbid(
      'nobody-reads-settings',
      { path: '^src/(archive|store|server|mail|page)/' },
      { path: '^src/settings/' },
      'A request says all.',
    ),
    forbid(
      'pages-are-pure',
      { path: '^src/page/' },
      {
        path: '.',
        pathNot: '^src/(page/|platform/(units|dates)\\.ts$)',
        dependencyTypesNot: ['type-only'],
      },
      'Facts in, text out.',
    ),
    forbid(
      'verbs-know-no-ui',
      { path: `^src/(${VERBS})/` },
      { path: '^src/(jobs|ui|commands)/|@oclif' },
      'Verbs return data.',
    ),
    forbid(
      'jobs-know-no-ui',
      { path: '^src/jobs/' },
      { path: '^src/(ui|commands)/|@oclif' },
      'Whoever calls a job asks and shows.',
    ),
    forbid(
      'ui-stands-on-jobs',
      { path: '^src/ui/', pathNot: COMMANDS },
      {
        path: `^src/(commands|${VERBS}|archive|store|server|settings|mail)/`,
        pathNot: WORDS,
        dependencyTypesNot: ['type-only'],
      },
      'A terminal, and nothing else.',
    ),
    forbid(
      'commands-know-no-nouns',
      { path: COMMANDS },
      {
        path: '^src/(archive|store|server|settings|mail|page)/',
        pathNot: WORDS,
        dependencyTypesNot: ['type-only'],
      },
      'A command calls one job or verb.',
    ),
    forbid(
      'verbs-apart',
      { path: `^src/(${VERBS})/` },
      { path: `^src/(${VERBS})/`, pathNot: '^src/$1/' },
      'A command joins verbs.',
    ),
    forbid(
      'plans-are-pure',
      { path: PURE },
      { path: IMPURE, dependencyTypesNot: ['type-only'] },
      'Comparable, printable.',
    ),
    forbid(
      'oclif-outside',
      { path: '^src/', pathNot: '^src/(ui|commands)/' },
      { path: '@oclif' },
      'oclif stays outside.',
    ),
    ...Object.entries(HOMES).map(([name, home]) =>
      forbid(
        `one-home-${name}`,
        { path: '^src/', pathNot: home },
        { path: `^node_modules/${name}/` },
        'One file an outside library.',
      ),
    ),
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
  },
};
