import { parentPort } from "node:worker_threads";
import { describeCause } from "../../src/base/errors.js";
import type { Counts } from "./findings.js";
import { perform, type Task } from "./tasks.js";

/** Takes one task after the other, and answers each with what it found. */

export type Answer =
  | { readonly kind: "done"; readonly counts: Counts }
  | { readonly kind: "failed"; readonly why: string };

parentPort?.on("message", (task: Task) => {
  perform(task).then(
    (counts) => answer({ kind: "done", counts }),
    (error: unknown) =>
      answer({ kind: "failed", why: error instanceof Error ? (error.stack ?? "") : describeCause(error) }),
  );
});

function answer(message: Answer): void {
  parentPort?.postMessage(message);
}
