/** Random draws keyed by seed, name and count: the order of the calls never matters, so runs compare equal. */

/** A number in [0, 1), always the same for the same three keys. */
export function draw(seed: number, name: string, count: number): number {
  return mix(hash(name) ^ Math.imul(seed | 0, 0x9e3779b1) ^ Math.imul((count | 0) + 0x7f4a7c15, 0x85ebca6b)) / 2 ** 32;
}

/** Roughly normal, mean 0, deviation 1. */
export function drawNormal(seed: number, name: string, count: number): number {
  const sum = draw(seed, name, count * 3) + draw(seed, name, count * 3 + 1) + draw(seed, name, count * 3 + 2);
  return (sum - 1.5) * 2;
}

export function pick<T>(list: readonly T[], share: number): T {
  const chosen = list[Math.min(list.length - 1, Math.floor(share * list.length))];
  if (chosen === undefined) throw new Error('There is nothing to pick from: the list is empty.');
  return chosen;
}

export function hexadecimal(seed: number, name: string, count: number, digits: number): string {
  let text = '';
  for (let part = 0; text.length < digits; part++) {
    text += Math.floor(draw(seed, `${name}/${part}`, count) * 2 ** 32)
      .toString(16)
      .padStart(8, '0');
  }
  return text.slice(0, digits);
}

function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    value = Math.imul(value ^ text.charCodeAt(index), 0x01000193);
  }
  return value;
}

function mix(value: number): number {
  let mixed = value | 0;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x7feb352d);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x846ca68b);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
