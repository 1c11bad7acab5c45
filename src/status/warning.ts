/** One thing that keeps a status from being ok. Each group of them is found in a file of its own. */
export interface StatusWarning {
  readonly severity: 'critical' | 'warning';
  readonly text: string;
}

export function critical(text: string): StatusWarning {
  return { severity: 'critical', text };
}

export function warning(text: string): StatusWarning {
  return { severity: 'warning', text };
}

/** The worst first, else in their order. */
export function worstFirst(
  warnings: readonly StatusWarning[],
): readonly StatusWarning[] {
  return [
    ...warnings.filter(({ severity }) => severity === 'critical'),
    ...warnings.filter(({ severity }) => severity !== 'critical'),
  ];
}
