/** The cookies of one origin. Their names differ from version to version, so every one is kept. */
export class CookieJar {
  readonly #cookies = new Map<string, string>();

  /** @param lines as the server wrote them: `SESSION=abc; Path=/; HttpOnly` */
  keep(lines: readonly string[]): void {
    for (const line of lines) {
      const [, name, value] =
        /^\s*([^\s=;,]+)=([\x21\x23-\x3a\x3c-\x7e]*)\s*(?:;|$)/.exec(line) ??
        [];
      if (name === undefined || value === undefined) continue;

      if (value === '' || /;\s*max-age=0\b/i.test(line)) {
        this.#cookies.delete(name);
      } else {
        this.#cookies.set(name, value);
      }
    }
  }

  /** Empty where there are none. */
  get header(): string {
    return [...this.#cookies]
      .map(([name, value]) => `${name}=${value}`)
      .join('; ');
  }

  get values(): string[] {
    return [...this.#cookies.values()];
  }
}
