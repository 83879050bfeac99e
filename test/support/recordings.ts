import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

/** Recorded sessions of a standard LPA, card and SM-DP+; they lie beside the repository where it is developed, and nowhere else. */

export const sharedRsp = resolve(import.meta.dirname, "../../../shared/rsp");
export const recordingsAreHere = existsSync(join(sharedRsp, "recordings"));

export interface Es10Exchange {
  /** The data of one STORE DATA chain. */
  readonly command: Uint8Array;
  /** The card's answer without its status words. */
  readonly response: Uint8Array;
  readonly statusWord: string;
}

export interface Es9Exchange {
  readonly fn: string;
  readonly request: Readonly<Record<string, unknown>>;
  readonly status: number;
  readonly response: unknown;
}

export interface Recording {
  readonly name: string;
  readonly oneTimePrivateHex: string | undefined;
  readonly es10: readonly Es10Exchange[];
  readonly es9: readonly Es9Exchange[];
}

export function readRecordings(): Recording[] {
  if (!recordingsAreHere) return [];
  const dir = join(sharedRsp, "recordings");
  return readdirSync(dir)
    .filter((file) => file.endsWith(".jsonl"))
    .sort()
    .map((file) => readRecording(file, readFileSync(join(dir, file), "utf8")));
}

function readRecording(name: string, text: string): Recording {
  const es10: Es10Exchange[] = [];
  const es9: Es9Exchange[] = [];
  let oneTimePrivateHex: string | undefined;
  let command: Buffer[] = [];
  let response: Buffer[] = [];
  let chainIsComplete = false;
  let request: { fn: string; body: Record<string, unknown> } | undefined;
  for (const line of text.split("\n").filter((entry) => entry !== "")) {
    const event = asRecord(JSON.parse(line));
    const key = event["otSK.EUICC.ECKA"];
    if (typeof key === "string") oneTimePrivateHex = key;
    if (event["http"] === "request") {
      request = { fn: String(event["url"]).split("/").at(-1) ?? "", body: asRecord(event["body"]) };
    } else if (event["http"] === "response" && request !== undefined) {
      es9.push({ fn: request.fn, request: request.body, status: Number(event["status"]), response: event["body"] });
      request = undefined;
    }
    const at = typeof event["line"] === "string" ? event["line"] : "";
    const apdu = /^AT\+CGLA=[^,]+,\d+,"([0-9a-fA-F]+)"/.exec(at)?.[1];
    if (apdu !== undefined) {
      const data = Buffer.from(apdu, "hex");
      if (data[1] === 0xe2) {
        if (chainIsComplete) command = [];
        command.push(data.subarray(5, 5 + (data[4] ?? 0)));
        chainIsComplete = data[2] === 0x91;
      }
    }
    const answer = /^\+CGLA: \d+,"([0-9a-fA-F]+)"/.exec(at)?.[1];
    if (answer !== undefined) {
      const data = Buffer.from(answer, "hex");
      response.push(data.subarray(0, -2));
      if (data.at(-2) === 0x61) continue;
      if (chainIsComplete) {
        es10.push({
          command: new Uint8Array(Buffer.concat(command)),
          response: new Uint8Array(Buffer.concat(response)),
          statusWord: data.subarray(-2).toString("hex"),
        });
      }
      response = [];
    }
  }
  return { name, oneTimePrivateHex, es10, es9 };
}

export function asRecord(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? Object.fromEntries(Object.entries(value)) : {};
}

/** A base64 field of an ES9+ message. */
export function derField(message: unknown, field: string): Uint8Array {
  const value = asRecord(message)[field];
  if (typeof value !== "string") throw new Error(`the recorded message has no field ${field}`);
  return new Uint8Array(Buffer.from(value, "base64"));
}
