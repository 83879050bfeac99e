import { expect } from "vitest";
import type { Desk } from "./desk.js";

/** What is asked and what is answered, in order; a third value is the time that passes before the answer is looked at. */
export type Conversation = readonly (readonly [ask: string, answer: string | RegExp, ms?: number])[];

/** Every answer as the table has it, each named by its question. */
export async function converse(desk: Desk, conversation: Conversation): Promise<void> {
  for (const [ask, expected, ms] of conversation) {
    const answer = await desk.ask(ask, ms);
    const said = `${ask} -> ${answer}`;
    if (typeof expected === "string") expect(said).toBe(`${ask} -> ${expected}`);
    else expect(answer, ask).toMatch(expected);
  }
}

/** The modem starts anew, and the host sets its port up again. */
export async function restart(desk: Desk): Promise<string> {
  await desk.ask("AT+CFUN=1,1");
  const heard = await desk.heard(10_000);
  await desk.ask("ATE0");
  await desk.ask("AT+CMEE=1");
  return heard;
}
