import { Worker } from "node:worker_threads";
import { addCounts, type Counts, noCounts } from "./findings.js";
import type { Task } from "./tasks.js";
import type { Answer } from "./worker.js";

const ownWorker = new URL("./worker.js", import.meta.url);

/**
 * Does tasks on as many threads as there are workers; a task that breaks off breaks the sweep off. `program`: the worker of another copy
 * of the code.
 */
export async function performAll(
  tasks: readonly Task[],
  workers: number,
  onDone: (task: Task, counts: Counts) => void,
  program = ownWorker,
): Promise<Counts> {
  const waiting = [...tasks];
  let total = noCounts;
  const work = async (): Promise<void> => {
    const worker = new Worker(program);
    try {
      for (let task = waiting.shift(); task !== undefined; task = waiting.shift()) {
        const counts = await ask(worker, task);
        total = addCounts(total, counts);
        onDone(task, counts);
      }
    } finally {
      await worker.terminate();
    }
  };
  await Promise.all(Array.from({ length: Math.min(workers, tasks.length) }, work));
  return total;
}

function ask(worker: Worker, task: Task): Promise<Counts> {
  return new Promise((resolve, reject) => {
    worker.once("error", reject);
    worker.once("message", (answer: Answer) => {
      worker.removeListener("error", reject);
      if (answer.kind === "done") resolve(answer.counts);
      else reject(new Error(`${JSON.stringify(task)}: ${answer.why}`));
    });
    worker.postMessage(task);
  });
}
