import { expect } from "vitest";
import { z } from "zod";
import { VirtualClock } from "../../src/base/clock.js";
import { parseEid } from "../../src/base/identifiers.js";
import { silentLog } from "../../src/base/logging.js";
import type { BehaviourInput } from "../../src/emulator/api/behaviours.js";
import { realDisk } from "../../src/provision/store/disk.js";
import { realProcesses } from "../../src/provision/store/lock.js";
import { openStore, type Store } from "../../src/provision/store/store.js";
import { reservationPosts } from "./conditions.js";
import { type Ended, type Field, type FieldOptions, lastLine } from "./field.js";

/** A person at a desk, who looks at what was paid and decides: what the stories of `esimd reservation` share. */

export const post = (...actions: BehaviourInput["actions"]): BehaviourInput => ({
  match: { method: "POST", path: "/v1/ESimProfiles", nth: 1 },
  actions,
});
export const byCode = ["--method", "activation-code"];
export const wrongMac: FieldOptions = {
  smdp: { behaviours: [{ function: "getBoundProfilePackage", nth: 1, do: { kind: "wrong-mac" } }] },
};
export const question = "Type its id: ";

const chargeSchema = z.object({
  why: z.string(),
  outcome: z.string(),
  sid: z.string().nullable(),
  post: z.string().nullable(),
  decidedAt: z.string().nullable(),
  provider: z.object({ status: z.string(), iccid: z.string().nullable() }).nullable(),
});
const listSchema = z.object({
  schema: z.literal("esimd.reservations/1"),
  provider: z.object({ name: z.string(), asked: z.boolean(), error: z.object({ code: z.string() }).nullable() }),
  euiccs: z.array(
    z.object({
      eid: z.string(),
      worksOn: z.string().nullable(),
      budget: z.object({ spent: z.number(), allowed: z.number(), left: z.number() }).nullable(),
      onEuicc: z.array(z.string()).nullable(),
      charges: z.array(chargeSchema),
      unknownToLedger: z.array(z.object({ sid: z.string() })).nullable(),
    }),
  ),
  orphans: z
    .array(
      z.object({
        sid: z.string(),
        status: z.string(),
        candidateFor: z.object({ post: z.string(), secondsAfterPost: z.number() }).nullable(),
      }),
    )
    .nullable(),
});

/** `esimd reservation WORDS`, without the modem. */
export function reservation(field: Field, words: readonly string[], env: Readonly<Record<string, string>> = {}) {
  return field.esimd(["reservation", ...words, "--json"], env);
}

export async function listed(field: Field, words: readonly string[] = [], env: Readonly<Record<string, string>> = {}) {
  const ended = await reservation(field, ["list", ...words], env);
  expect(ended).toMatchObject({ status: 0, stderr: "" });
  const list = listSchema.parse(JSON.parse(lastLine(ended.stdout)));
  const [euicc] = list.euiccs;
  if (euicc === undefined) throw new Error("the list has no eUICC");
  return { ...list, euicc };
}

export function result(ended: Pick<Ended, "stdout">): unknown {
  return JSON.parse(lastLine(ended.stdout));
}

export function money(field: Field): readonly [number, number] {
  return [reservationPosts(field), field.charges()];
}

export function firstSid(field: Field): string {
  return field.world.api.ledger()[0]?.sid ?? "";
}

export function eidOf(field: Field) {
  return parseEid(field.world.modem.euicc.eid, "the story");
}

export function stateDirOf(field: Field): string {
  return field.env["ESIMD_STATE_DIR"] ?? "";
}

/** Writes into the files of the field's eUICC what a command or a power cut left there. */
export async function written(field: Field, work: (store: Store) => Promise<void>, eid = eidOf(field)): Promise<void> {
  const parts = { disk: realDisk, processes: realProcesses, clock: new VirtualClock(), log: silentLog };
  const store = await openStore(stateDirOf(field), eid, parts);
  try {
    await work(store);
  } finally {
    await store.close();
  }
}
