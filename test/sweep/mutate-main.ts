import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { systemClock } from "../../src/base/clock.js";
import { describeCause } from "../../src/base/errors.js";
import { missedPoint, type Violation } from "./findings.js";
import { buildMutants, ownTrees } from "./mutant.js";
import { type Mutation, mutations } from "./mutations.js";
import { performAll } from "./pool.js";
import type { Task } from "./tasks.js";

/**
 * `npm run mutations`: whether the sweeps notice when the code is broken (docs/mutations.md). Exit status 1 when they do not notice one of
 * the mutations, or see something in the code as it is.
 */

const usage = 64;

const { values } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    only: { type: "string" },
    workers: { type: "string" },
  },
});

const say = (text: string): void => void process.stderr.write(`${text}\n`);
const print = (text: string): void => void process.stdout.write(`${text}\n`);

const only = values.only?.split(",");
const wanted = mutations.filter(({ name }) => only === undefined || only.includes(name));
if (only !== undefined && wanted.length !== only.length) {
  say(`mutations: --only takes ${mutations.map(({ name }) => name).join(", ")}`);
  process.exit(usage);
}
const workers = values.workers === undefined ? availableParallelism() : Number(values.workers);
if (!Number.isInteger(workers) || workers < 1) {
  say(`mutations: --workers takes a whole number, not ${values.workers}`);
  process.exit(usage);
}

interface Outcome {
  readonly violations: readonly Violation[];
  /** The tasks could not be done at all. */
  readonly brokeOff: string | undefined;
  readonly seconds: number;
}

/** What the sweep says of its own runs is no catch. */
async function run(tasks: readonly Task[], lanes: number, program?: URL): Promise<Outcome> {
  const startMs = systemClock.monotonicMs();
  const secondsNow = (): number => Math.round((systemClock.monotonicMs() - startMs) / 100) / 10;
  try {
    const { violations } = await performAll(tasks, lanes, () => undefined, program);
    const real = violations.filter(({ what }) => what !== missedPoint);
    return { violations: real, brokeOff: undefined, seconds: secondsNow() };
  } catch (error) {
    return { violations: [], brokeOff: describeCause(error), seconds: secondsNow() };
  }
}

function row({ name, sentence }: Mutation, { violations: [first, ...more], brokeOff, seconds }: Outcome): string {
  const caught =
    first === undefined ? `**not caught** ${brokeOff ?? ""}` : `${first.setup}: ${first.story}: ${first.what}`;
  const count = first === undefined ? 0 : more.length + 1;
  const cells = [`\`${name}\``, sentence, caught.trim(), String(count), seconds.toFixed(1)];
  return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
}

/** Each of them once, since many mutations share a task. */
function distinctTasks(): readonly Task[] {
  return [...new Map(wanted.flatMap(({ tasks }) => tasks).map((task) => [JSON.stringify(task), task])).values()];
}

const built = await buildMutants(wanted, ownTrees());
const outcomes = new Map<string, Outcome>();
const waiting = [...wanted];
const lane = async (): Promise<void> => {
  for (let mutation = waiting.shift(); mutation !== undefined; mutation = waiting.shift()) {
    const outcome = await run(mutation.tasks, 1, built.get(mutation.name));
    outcomes.set(mutation.name, outcome);
    say(`  ${mutation.name}: ${outcome.brokeOff ?? `${outcome.violations.length} violations`}`);
  }
};
await Promise.all(Array.from({ length: workers }, lane));

const tasks = distinctTasks();
const control = await run(tasks, workers);
print("| mutation | what is broken | caught by | violations | seconds |\n|---|---|---|--:|--:|");
for (const mutation of wanted) {
  const outcome = outcomes.get(mutation.name);
  if (outcome !== undefined) print(row(mutation, outcome));
}
const found = control.violations.map(({ setup, story, what }) => `; ${setup}: ${story}: ${what}`).join("");
print("");
const seen = control.brokeOff ?? `${control.violations.length} violations`;
print(`The code as it is, with the same ${tasks.length} tasks: ${seen} in ${control.seconds.toFixed(1)} s${found}`);
const caught = [...outcomes.values()].filter(({ violations }) => violations.length > 0).length;
if (values.json) print(JSON.stringify({ mutations: wanted.length, caught }));
const isClean = control.brokeOff === undefined && control.violations.length === 0;
if (caught < wanted.length || !isClean) process.exitCode = 1;
