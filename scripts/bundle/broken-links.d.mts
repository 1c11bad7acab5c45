export function brokenLinks(
  paths: readonly string[],
  read: (path: string) => string,
): string[];
