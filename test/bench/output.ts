import type { Readable } from "node:stream";

/** What a program has said so far. */
export interface Output {
  readonly stdout: string;
  readonly stderr: string;
}

/** Keeps what it says; the same object grows. */
export function outputOf(child: { readonly stdout: Readable; readonly stderr: Readable }): Output {
  const output = { stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (text) => {
    output.stdout += String(text);
  });
  child.stderr.setEncoding("utf8").on("data", (text) => {
    output.stderr += String(text);
  });
  return output;
}
