import { PassThrough } from "node:stream";
import { z } from "zod";
import { systemClock } from "../../src/base/clock.js";
import { seededRandom } from "../../src/base/random.js";
import type { CommandContext } from "../../src/commands/command.js";
import { main } from "../../src/commands/main.js";
import { type Field, lastLine } from "./field.js";

/** A person at work on the field's modem: commands with something on stdin, or at a terminal that asks. */

export interface Hands {
  /** What a pipe brings. */
  readonly stdin?: string;
  /** A terminal; what is typed when a question ends with the given words. Any other question is left without an answer. */
  readonly answers?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
  /** As a person reads it, and not a program. */
  readonly plain?: true;
}

export interface Done {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
  /** The last line of stdout. */
  json(): unknown;
}

/** `esimd WORDS --port PORT`, with `--json` unless it is to be read. */
export async function byHand(field: Field, words: readonly string[], hands: Hands = {}): Promise<Done> {
  const { answers, env, signal = new AbortController().signal } = hands;
  const stdin = Object.assign(new PassThrough(), answers === undefined ? {} : { isTTY: true });
  if (hands.stdin !== undefined) stdin.end(hands.stdin);
  let stdout = "";
  let stderr = "";
  const context: CommandContext = {
    env: { ...field.env, TERM: "dumb", ...env },
    clock: systemClock,
    random: seededRandom(13),
    signal,
    stdin,
    stderrIsTerminal: answers !== undefined,
    stdout: (text) => {
      stdout += text;
    },
    stderr: (text) => {
      stderr += text;
      const answer = Object.entries(answers ?? {}).find(([question]) => text.endsWith(question))?.[1];
      if (answer !== undefined) stdin.write(`${answer}\n`);
    },
  };
  const form = hands.plain ? [] : ["--json"];
  const status = await main([...words, "--port", field.world.port, ...form], context);
  return { status, stdout, stderr, json: () => JSON.parse(lastLine(stdout)) };
}

const orderSchema = z.object({ iccid: z.string() });
const confirmSchema = z.object({ matchingId: z.string() });

/** An order that waits at the SM-DP+ for whoever has its code, placed as an operator does (ES2+). */
export interface WaitingOrder {
  readonly iccid: string;
  readonly matchingId: string;
  /** As it stands in a QR code. */
  readonly code: string;
}

export async function orderByCode(field: Field, confirmationCode?: string): Promise<WaitingOrder> {
  const { smdp, smdpAddress } = field.world;
  const header = { functionRequesterIdentifier: "story", functionCallIdentifier: "1" };
  const call = async (name: string, body: object): Promise<unknown> => {
    const answer = await fetch(`${smdp.es2plusUrl}/${name}`, {
      method: "POST",
      headers: { "content-type": "application/json", "x-admin-protocol": "gsma/rsp/v2.2.0" },
      body: JSON.stringify({ header, ...body }),
    });
    return answer.json();
  };
  const { iccid } = orderSchema.parse(await call("downloadOrder", {}));
  const confirmed = await call("confirmOrder", {
    iccid,
    releaseFlag: true,
    ...(confirmationCode && { confirmationCode }),
  });
  const { matchingId } = confirmSchema.parse(confirmed);
  const tail = confirmationCode === undefined ? "" : "$$1";
  return { iccid, matchingId, code: `LPA:1$${smdpAddress}$${matchingId}${tail}` };
}

/** The SM-DP+ has a profile for the field's eUICC, without a code. */
export function orderByEid(field: Field): string {
  return field.world.smdp.placeOrder(field.world.modem.euicc.eid).iccid;
}

const listSchema = z.object({
  schema: z.literal("esimd.profiles/1"),
  eid: z.string(),
  lpa: z.string(),
  profiles: z.array(
    z.object({
      iccid: z.string(),
      state: z.enum(["enabled", "disabled"]),
      nickname: z.string().nullable(),
      provider: z.string().nullable(),
      name: z.string().nullable(),
      class: z.string().nullable(),
      paid: z.boolean().nullable(),
    }),
  ),
});

/** `esimd profile list`. */
export async function listed(field: Field, words: readonly string[] = []): Promise<z.infer<typeof listSchema>> {
  const done = await byHand(field, ["profile", "list", ...words]);
  if (done.status !== 0) throw new Error(`profile list ends with ${done.status}: ${done.stderr}`);
  return listSchema.parse(done.json());
}
