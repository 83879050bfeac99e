import { once } from "node:events";
import { type StateName, stateNames } from "../../src/provision/states.js";
import { until } from "./conditions.js";
import type { Field } from "./field.js";

/** A run as its JSON lines show it so far. */
export interface Seen {
  readonly states: readonly StateName[];
  /** Stages of the download, each once. */
  readonly stages: ReadonlySet<string>;
}

/**
 * Runs `esimd provision` as a process of its own and kills it, without a chance to clean up, as soon as `when` holds.
 * @returns what the process had shown until then. @throws Error when it ended by itself before.
 */
export async function killWhen(
  field: Field,
  words: readonly string[],
  when: (seen: Seen) => boolean,
  what: string,
): Promise<Seen> {
  const child = field.spawnProvision(words);
  const exited = once(child, "exit");
  const states: StateName[] = [];
  const stages = new Set<string>();
  let rest = "";
  let stderr = "";
  let isKilled = false;
  const look = (): void => {
    if (isKilled || !when({ states, stages })) return;
    isKilled = true;
    child.kill("SIGKILL");
  };
  child.stderr?.on("data", (chunk: Buffer) => {
    stderr += chunk.toString("utf8");
  });
  child.stdout?.on("data", (chunk: Buffer) => {
    const lines = `${rest}${chunk.toString("utf8")}`.split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      note(line, states, stages);
      look();
    }
  });
  try {
    await until(() => {
      look();
      return isKilled || child.exitCode !== null;
    }, what);
  } finally {
    child.kill("SIGKILL");
    await exited;
  }
  if (!isKilled) throw new Error(`the run ended with ${child.exitCode} before: ${what}. ${stderr}`);
  return { states, stages };
}

function note(line: string, states: StateName[], stages: Set<string>): void {
  const progress: unknown = JSON.parse(line);
  if (typeof progress !== "object" || progress === null) return;
  if ("stage" in progress) {
    stages.add(String(progress.stage));
    return;
  }
  const state = "state" in progress ? stateNames.find((name) => name === progress.state) : undefined;
  if (state !== undefined) states.push(state);
}
