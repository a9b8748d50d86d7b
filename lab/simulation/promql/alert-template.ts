import { formatDurationMs, goExponent, goFloat } from './literals.ts';

const PREFIXES = ['', 'k', 'M', 'G', 'T', 'P', 'E', 'Z', 'Y'];

/**
 * Expands the templates of alert labels and annotations as far as alert rules use them: `{{ $value }}`,
 * `{{ $labels.name }}`, `printf "%.2f" $value`, and the filters humanize, humanizePercentage and humanizeDuration.
 * Anything else becomes the text that Prometheus puts in the place of a template that fails.
 */
export function expandAlertTemplate(template: string, value: number, labels: Readonly<Record<string, string>>): string {
  return template.replace(/\{\{-?\s*(.*?)\s*-?\}\}/gs, (_, action: string) => {
    const [first = '', ...filters] = action.split('|').map((part) => part.trim());
    const start = operand(first, value, labels);
    const end = filters.reduce<string | number | null>(applyFilter, start);
    if (end === null) return `<error expanding template: cannot expand ${JSON.stringify(action)}>`;
    return typeof end === 'number' ? goFloat(end) : end;
  });
}

function operand(text: string, value: number, labels: Readonly<Record<string, string>>): string | number | null {
  if (text === '$value' || text === '.Value') return value;
  const label = /^(?:\$labels|\.Labels)\.(\w+)$/.exec(text)?.[1];
  if (label !== undefined) return labels[label] ?? '';
  const printf = /^printf\s+"([^"%]*)%\.(\d+)f((?:%%|[^"%])*)"\s+(?:\$value|\.Value)$/.exec(text);
  if (printf !== null) return `${printf[1]}${value.toFixed(Number(printf[2]))}${printf[3]?.replaceAll('%%', '%')}`;
  return applyFilter(value, /^(\w+)\s+(?:\$value|\.Value)$/.exec(text)?.[1] ?? '');
}

function applyFilter(input: string | number | null, filter: string): string | number | null {
  const printf = /^printf\s+"%\.(\d+)f"$/.exec(filter);
  if (typeof input !== 'number') return null;
  if (printf !== null) return input.toFixed(Number(printf[1]));
  switch (filter) {
    case 'humanize':
      return humanize(input);
    case 'humanizePercentage':
      return `${fourDigits(input * 100)}%`;
    case 'humanizeDuration':
      return humanizeDuration(input);
    default:
      return null;
  }
}

function humanize(value: number): string {
  if (value === 0 || !Number.isFinite(value)) return fourDigits(value);
  let [scaled, power] = [value, 0];
  while (Math.abs(scaled) >= 1000 && power < PREFIXES.length - 1) {
    scaled /= 1000;
    power += 1;
  }
  return `${fourDigits(scaled)}${PREFIXES[power]}`;
}

function humanizeDuration(seconds: number): string {
  if (!Number.isFinite(seconds) || Math.abs(seconds) < 1) return `${fourDigits(seconds * 1000)}ms`;
  if (Math.abs(seconds) < 60) return `${fourDigits(seconds)}s`;
  return formatDurationMs(Math.trunc(seconds) * 1000).replace(/([dhm])(?=\d)/g, '$1 ');
}

// Go's %.4g.
function fourDigits(value: number): string {
  if (!Number.isFinite(value)) return goFloat(value);
  if (value === 0) return '0';
  const [mantissa = '', exponent = '0'] = value.toExponential(3).split('e');
  const power = Number(exponent);
  if (power >= -4 && power < 4) return String(Number(value.toPrecision(4)));
  return goExponent(Number(mantissa), power);
}
