const CPU_PER_UNIT: Readonly<Record<string, number>> = { n: 1e-6, u: 1e-3, m: 1, '': 1000, k: 1e6 };

const BYTES_PER_UNIT: Readonly<Record<string, number>> = {
  m: 1e-3,
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  Ki: 1024,
  Mi: 1024 ** 2,
  Gi: 1024 ** 3,
  Ti: 1024 ** 4,
};

/** Millicores of a Kubernetes CPU quantity such as `250m`, `1.5` or `123456789n`; 0 when it is none. */
export function cpuMillicores(quantity: string): number {
  return parse(quantity, CPU_PER_UNIT);
}

/** Mebibytes of a Kubernetes memory quantity such as `512Mi`, `2Gi` or `1e9`; 0 when it is none. */
export function memoryMiB(quantity: string): number {
  return parse(quantity, BYTES_PER_UNIT) / 1024 ** 2;
}

function parse(quantity: string, units: Readonly<Record<string, number>>): number {
  const match = /^([0-9.]+(?:e[0-9]+)?)([A-Za-z]*)$/.exec(quantity.trim());
  const factor = units[match?.[2] ?? 'none'];
  return match === null || factor === undefined ? 0 : Number(match[1]) * factor;
}
