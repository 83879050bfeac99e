import { availableParallelism, cpus } from "node:os";
import { parseArgs } from "node:util";
import { describeCause } from "../../src/base/errors.js";
import { addCounts, type Counts, noCounts, type Violation } from "./findings.js";
import { sweepKills } from "./kills.js";
import { performAll } from "./pool.js";
import { nameOfTask, type Section, sections, tasksOf } from "./tasks.js";

/**
 * `npm run sweep`: every point at which the world can stop (docs/sweeps.md). Exit status 1 when anything was violated. With `--long` the
 * seeds go on until it is stopped.
 */

const usage = 64;
const firstSeed = 20_261_127;
const seedsInShort = 400;
const killsInShort = 500;

const { values } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    long: { type: "boolean", default: false },
    only: { type: "string" },
    seed: { type: "string" },
    seeds: { type: "string" },
    kills: { type: "string" },
    workers: { type: "string" },
  },
});

const say = (text: string): void => void process.stderr.write(`${text}\n`);

function number(text: string | undefined, otherwise: number, flag: string): number {
  if (text === undefined) return otherwise;
  if (/^\d{1,9}$/.test(text)) return Number(text);
  say(`sweep: --${flag} takes a whole number, not ${text}`);
  process.exit(usage);
}

const seed = number(values.seed, firstSeed, "seed");
const seeds = number(values.seeds, seedsInShort, "seeds");
const kills = number(values.kills, killsInShort, "kills");
const workers = number(values.workers, availableParallelism(), "workers");
const only = values.only?.split(",");
const wanted = sections.filter((section) => only === undefined || only.includes(section));
if (only !== undefined && wanted.length !== only.length) {
  say(`sweep: --only takes ${sections.join(", ")}`);
  process.exit(usage);
}

function show(counts: Counts): void {
  for (const { setup, story, what } of counts.violations)
    process.stdout.write(`VIOLATION ${setup}: ${story}: ${what}\n`);
}

async function section(name: Exclude<Section, "kills">, from: number, many: number): Promise<Counts> {
  const startMs = performance.now();
  const counts = await performAll(tasksOf(name, from, many), workers, (task, done) => {
    show(done);
    say(`  ${nameOfTask(task)}: ${done.lives} lives, ${done.violations.length} violations`);
  });
  say(`${name}: ${Math.round((performance.now() - startMs) / 1000)} s`);
  return counts;
}

/** SIGKILL of the real program on a real pty. */
async function killSection(): Promise<Counts> {
  const violations: Violation[] = [];
  const onViolation = ({ where, what }: { readonly where: string; readonly what: string }): void => {
    violations.push({ setup: "the real program", story: where, what });
  };
  const { signal } = new AbortController();
  const result = await sweepKills({ kills, seed, workers, onViolation, signal });
  const counts = { ...noCounts, kills: result.kills, violations };
  show(counts);
  say(`kills: ${result.kills} of ${result.devices} devices in ${Math.round(result.elapsedMs / 1000)} s`);
  say(`  by state: ${JSON.stringify(result.moments)}`);
  return counts;
}

try {
  const startMs = performance.now();
  process.stdout.write(`Node ${process.version} on ${cpus().length} ${process.arch} cores, seed ${seed}\n`);
  let total = noCounts;
  for (const name of wanted) {
    total = addCounts(total, name === "kills" ? await killSection() : await section(name, seed, seeds));
  }
  for (let from = seed + seeds; values.long; from += 1000) {
    total = addCounts(total, await section("seeds", from, 1000));
    say(`so far ${JSON.stringify({ ...total, points: total.points.length, violations: total.violations.length })}`);
  }
  const seconds = Math.round((performance.now() - startMs) / 1000);
  const { cuts, pairs, faults, kills: killed, lives } = total;
  const violations = total.violations.length;
  process.stdout.write(
    `${total.points.length} points, ${cuts} cuts, ${pairs} pairs, ${faults} faults, ${total.seeds} seeds, ${killed} kills: ${lives} lives in ${seconds} s; ${violations} violations\n`,
  );
  if (values.json) {
    const figures = {
      points: total.points.length,
      cuts,
      pairs,
      faults,
      seeds: total.seeds,
      kills: killed,
      violations,
      lives,
      seconds,
      seed,
    };
    process.stdout.write(`${JSON.stringify(figures)}\n`);
  }
  if (violations > 0) process.exitCode = 1;
} catch (error) {
  process.stderr.write(`sweep: ${error instanceof Error ? (error.stack ?? error.message) : describeCause(error)}\n`);
  process.exitCode = 1;
}
