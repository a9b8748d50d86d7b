// Reads what the stages of `npm test` report, and adds it up. Pure, so that it is tested itself.

/** What one stage came to: counts, and a sentence for each thing a person must know. */
export function result(passed, failed, skipped = 0, notes = []) {
  return { passed, failed, skipped, notes };
}

/** A command that is one test: it passes when it ends with 0. */
export function fromExitCode(name, code) {
  return code === 0 ? result(1, 0) : result(0, 1, 0, [`${name} failed (exit code ${code}).`]);
}

/**
 * From the report of vitest's JSON reporter. A file that could not be loaded has no tests in the report and counts as
 * one failure; so does a run that failed although each test passed (an unhandled error), and one without any test.
 */
export function fromVitest(report, exitCode) {
  if (!report || !Array.isArray(report.testResults)) {
    return result(0, 1, 0, [`vitest gave no report (exit code ${exitCode}).`]);
  }
  const tests = report.testResults.flatMap((file) =>
    file.assertionResults.map((test) => ({ ...test, file: file.name })),
  );
  const count = (...states) => tests.filter((test) => states.includes(test.status)).length;
  const broken = report.testResults.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
  );
  const skipped = tests.filter((test) => ['skipped', 'pending', 'todo', 'disabled'].includes(test.status));
  const notes = [
    ...broken.map((file) => `${file.name} failed outside its tests: ${String(file.message).split('\n')[0]}`),
    ...skipped.map((test) => `skipped: ${test.fullName}`),
  ];
  let failed = count('failed') + broken.length;
  if (tests.length === 0 && failed === 0) {
    failed = 1;
    notes.push('vitest ran no test at all.');
  } else if (exitCode !== 0 && failed === 0) {
    failed = 1;
    notes.push('vitest failed although each test passed: an error outside the tests, shown above.');
  }
  return result(count('passed'), failed, skipped.length, notes);
}

/** From the data that `incident drill run --json` prints. */
export function fromDrills(text, exitCode) {
  let report;
  try {
    report = JSON.parse(text);
  } catch {
    return result(0, 1, 0, [`The drills could not be run (exit code ${exitCode}).`]);
  }
  const { passed, failed } = report ?? {};
  if (!Number.isInteger(passed) || !Number.isInteger(failed)) {
    return result(0, 1, 0, ['The drills gave a report without counts.']);
  }
  if (passed + failed === 0) return result(0, 1, 0, ['There was no drill to run.']);
  const notes = (report.drills ?? [])
    .filter((drill) => !drill.passed)
    .map((drill) => `drill failed: ${whyDrillFailed(drill)}`);
  if (exitCode !== 0 && failed === 0) {
    return result(passed, 1, 0, [...notes, `The drills passed, but their command ended with ${exitCode}.`]);
  }
  return result(passed, failed, 0, notes);
}

function whyDrillFailed(drill) {
  const checks = (drill.checks ?? []).filter((check) => !check.passed);
  const shown = checks.map(
    (check) => `${check.check}: expected ${JSON.stringify(check.expected)}, got ${JSON.stringify(check.actual)}`,
  );
  return `${drill.drill} (${shown.join('; ') || 'no check says why'})`;
}

/** Adds the stages up. In CI whatever was skipped has failed: there everything it needs is installed. */
export function total(results, { skippedFails }) {
  const sum = (field) => results.reduce((all, one) => all + one[field], 0);
  const skipped = sum('skipped');
  return skippedFails
    ? { passed: sum('passed'), failed: sum('failed') + skipped, skipped: 0 }
    : { passed: sum('passed'), failed: sum('failed'), skipped };
}

/** The last line of `npm test`. */
export function lastLine({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}

export function exitCodeOf({ passed, failed }) {
  return failed > 0 || passed === 0 ? 1 : 0;
}
