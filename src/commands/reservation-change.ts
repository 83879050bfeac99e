import { isEsimdError } from "../base/errors.js";
import type { Eid } from "../base/identifiers.js";
import { allBatches } from "../daemon/reservations/batches.js";
import { budgetNow, reservationChange } from "../daemon/reservations/change.js";
import { adoptByHand, type Decided, handOf, prepareRelease, type Release } from "../daemon/reservations/decide.js";
import { knownEids, recordsOf } from "../daemon/reservations/files.js";
import { realDisk } from "../provision/store/disk.js";
import type { Store } from "../provision/store/store.js";
import { wordsOf } from "./euicc-call.js";
import { failureText, oneLine } from "./failure.js";
import type { ReservationCall } from "./reservation-call.js";
import { releaseThrough, servingDaemon } from "./reservation-daemon.js";
import { requireTyped, whyOf } from "./reservation-words.js";

/** `esimd reservation adopt|release`. */

export async function adoptOne(call: ReservationCall): Promise<number> {
  const [sid = ""] = wordsOf("reservation", call.args, ["SID"]);
  const why = whyOf(call);
  const { eid, onEuicc } = await call.subject();
  const { stateDir } = call.config;
  const others = (await knownEids(stateDir)).filter((one) => one !== eid);
  const known = await Promise.all(others.map((one) => recordsOf(stateDir, one, realDisk)));
  const batches = await allBatches(stateDir, realDisk);
  return call.locked(eid, async (store) => {
    const decided = await call.withApi(undefined, (api) => {
      // What cannot be fetched is not adopted: it might not be there, or be another eUICC's.
      if (isEsimdError(api)) throw api;
      return adoptByHand({ hand: handOf(store, eid, onEuicc), store, api, why }, sid, known, call.signal, batches);
    });
    const { fact } = decided;
    const settles = fact?.kind === "adopted" ? fact.id : undefined;
    const text = [
      decided.changed
        ? `this eUICC works on the reservation ${sid} (${decided.reservation?.status}) from now on\n`
        : `${decided.remark}; nothing was changed\n`,
      settles === undefined ? "" : `it is what the POST ${settles} made\n`,
      decided.changed ? "next: esimd provision\n" : "",
    ].join("");
    show(call, eid, store, "adopt", { sid, post: settles ?? null }, decided, text);
    return 0;
  });
}

export async function releaseOne(call: ReservationCall): Promise<number> {
  const [id = ""] = wordsOf("reservation", call.args, ["ID"]);
  const why = whyOf(call);
  const serving = await servingDaemon(call);
  if (serving !== undefined) return releaseThrough(call, serving, id, why);
  const { eid, onEuicc } = await call.subject();
  return call.locked(eid, (store) =>
    call.withApi(undefined, async (api) => {
      const parts = { hand: handOf(store, eid, onEuicc), store, api, why };
      const release = await prepareRelease(parts, id, call.signal);
      const named = release.kind === "ready" && release.isPost ? { sid: null, post: id } : { sid: id, post: null };
      if (release.kind === "nothing") {
        show(call, eid, store, "release", named, release.decided, `${release.decided.remark}; nothing was changed\n`);
        return 0;
      }
      const what = `the ${release.isPost ? "POST" : "reservation"} ${id}`;
      await requireRelease(call, id, what, release);
      const decided = await release.carryOut();
      const { spent, allowed } = budgetNow(call.config, store);
      const text = `${what} is given up: it stays paid, and this eUICC has used ${spent} of ${allowed} reservation(s) now\nnext: esimd provision\n`;
      show(call, eid, store, "release", named, decided, text);
      return 0;
    }),
  );
}

/** Nothing but a person's own words allows to pay once more (rule 1): `--yes` is not enough. */
async function requireRelease(
  call: ReservationCall,
  id: string,
  what: string,
  { unasked, reservation }: Extract<Release, { kind: "ready" }>,
): Promise<void> {
  if (unasked !== undefined && !call.args.has("quiet")) {
    call.context.stderr(`The provider could not be asked about it:\n${failureText(unasked)}`);
  }
  const status = reservation === undefined ? "" : `, ${oneLine(reservation.status)} at the provider,`;
  await requireTyped(call, id, {
    unconfirmed: `giving up ${what} has no refund, and it was not confirmed`,
    question: `Giving up ${what}${status} has no refund, and allows to pay for one more. Type its id: `,
    undone: "nothing was given up",
  });
}

function show(
  call: ReservationCall,
  eid: Eid,
  store: Store,
  action: "adopt" | "release",
  named: { readonly sid: string | null; readonly post: string | null },
  decided: Decided,
  text: string,
): void {
  const budget = budgetNow(call.config, store);
  const result = reservationChange({ eid, action, named, decided, budget, through: "command" });
  call.context.stdout(call.args.has("json") ? `${JSON.stringify(result)}\n` : text);
}
