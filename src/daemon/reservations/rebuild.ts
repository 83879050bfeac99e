import { join } from "node:path";
import type { ESimProfile, ProviderApi } from "../../api/resources.js";
import type { Clock } from "../../base/clock.js";
import { isEsimdError } from "../../base/errors.js";
import type { Eid } from "../../base/identifiers.js";
import { foldLedger } from "../../provision/ledger.js";
import { type RebuiltLedger, readableEntries, rebuildLedger } from "../../provision/rebuild.js";
import { realDisk } from "../../provision/store/disk.js";
import { realSetAside, replaceLedger } from "../../provision/store/replace-ledger.js";
import { type Store, storeFolder } from "../../provision/store/store.js";

/** A damaged ledger made anew of what can still be read of it and what the provider knows, because a person wants it. */

export interface RebuildParts {
  readonly store: Store;
  readonly stateDir: string;
  readonly eid: Eid;
  readonly api: ProviderApi;
  readonly why: string | undefined;
  readonly clock: Clock;
}

/** Nothing is written yet. Rejects when the provider's list cannot be read to its end: what it does not show might be paid for again. */
export async function prepareRebuild(parts: RebuildParts, signal: AbortSignal): Promise<RebuiltLedger> {
  const { store, stateDir, eid, api, why = "a person had it rebuilt", clock } = parts;
  const text = (await realDisk.read(join(storeFolder(stateDir, eid), "ledger.jsonl"))) ?? "";
  const reservations: ESimProfile[] = [...(await api.listESimProfiles({ eid }, signal))];
  const unknown: string[] = [];
  const { reservationSid } = store.journal;
  const named = new Set([
    ...foldLedger(readableEntries(text).entries).reserved,
    ...(reservationSid === null ? [] : [reservationSid]),
  ]);
  for (const sid of named) {
    if (reservations.some((one) => one.sid === sid)) continue;
    try {
      reservations.push(await api.getESimProfile(sid, signal));
    } catch (error) {
      if (!isEsimdError(error, "api_missing")) throw error;
      unknown.push(sid);
    }
  }
  return rebuildLedger(text, reservations, unknown, why, clock.nowMs());
}

/** Resolves with the name that the damaged ledger has now; undefined when there was none. */
export function carryOutRebuild(parts: RebuildParts, { entries }: RebuiltLedger): Promise<string | undefined> {
  const { store, stateDir, eid, clock } = parts;
  return replaceLedger(store, storeFolder(stateDir, eid), entries, { disk: realDisk, clock, setAside: realSetAside });
}
