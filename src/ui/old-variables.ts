/** Variables of flags that were named without their command, so that one had several meanings. */
const RENAMED =
  /^KMS_BACKUP_(?:CONFIG|EXPORT|RECOVER|REPLICATE|SCHEDULE|SEARCH)_(FROM|STORE|TO)$/;

interface FlagWithVariable {
  readonly env?: string;
}

/**
 * Gives the variables of a command's flags the values that stand under their old names, where they have none of their own.
 * Returns a warning for each.
 */
export function adoptOldVariables(
  flags: Readonly<Record<string, FlagWithVariable>>,
  env: NodeJS.ProcessEnv,
): string[] {
  const warnings: string[] = [];

  for (const { env: name = '' } of Object.values(flags)) {
    const [, flag] = RENAMED.exec(name) ?? [];
    const old = `KMS_BACKUP_${flag ?? ''}`;
    if (flag === undefined || env[name] !== undefined || !env[old]) continue;

    env[name] = env[old];
    warnings.push(
      `${old} means something else to other commands: call it ${name}`,
    );
  }

  return warnings;
}
