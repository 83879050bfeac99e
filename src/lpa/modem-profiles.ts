import { sleep } from "../base/clock.js";
import { EsimdError, isEsimdError } from "../base/errors.js";
import { type Iccid, maskIdentifiers, parseSmdpAddress, type SmdpAddress } from "../base/identifiers.js";
import type { Change, OwnLpa, OwnLpaDialect } from "../modem/dialects/dialect.js";
import { type ModemLine, runExchange, runQuery } from "../modem/exchange.js";
import type { ProfileRow } from "../modem/profile-row.js";
import { readDefaultSmdpFromCard, readFreeMemoryFromCard, writeDefaultSmdpToCard } from "./card.js";
import { type Lpa, nothingDelivered, type ProfileDetails } from "./lpa.js";

/** What every modem with an LPA of its own offers: its list, and what can be done to a profile on it. */

type ModemProfiles = Pick<
  Lpa,
  | "listProfiles"
  | "describeProfiles"
  | "enableProfile"
  | "disableProfile"
  | "deleteProfile"
  | "setNickname"
  | "deliverNotifications"
  | "freeMemoryBytes"
  | "defaultSmdp"
  | "setDefaultSmdp"
  | "close"
>;

/** The part that the LPAs inside modems share, whichever way they download. */
export function createModemProfiles(line: ModemLine, dialect: OwnLpaDialect): ModemProfiles {
  const { ownLpa } = dialect;
  const change = (operation: Operation | undefined, iccid: Iccid, signal: AbortSignal): Promise<void> =>
    changeByModem(line, dialect, operation, iccid, signal);
  return {
    listProfiles: (signal) => listByModem(line, dialect, signal),
    describeProfiles: (signal) => listByModem(line, dialect, signal),
    enableProfile: (iccid, signal) =>
      change({ name: "enable", change: ownLpa.enable, done: (row) => row?.enabled === true }, iccid, signal),
    disableProfile: (iccid, signal) =>
      change({ name: "disable", change: ownLpa.disable, done: (row) => row?.enabled === false }, iccid, signal),
    deleteProfile: (iccid, signal) =>
      change(
        ownLpa.delete && { name: "delete", change: ownLpa.delete, done: (row) => row === undefined },
        iccid,
        signal,
      ),
    setNickname: (iccid, nickname, signal) =>
      change(
        ownLpa.nickname && {
          name: "rename",
          change: ownLpa.nickname,
          values: { nickname },
          // Some families list the nickname in the place of the name; one that was taken away shows the name again.
          done: (row) => (row?.nickname ?? "") === nickname || (nickname !== "" && row?.name === nickname),
        },
        iccid,
        signal,
      ),
    deliverNotifications: () => Promise.resolve(nothingDelivered),
    freeMemoryBytes: (signal) => readFreeMemoryFromCard(line, signal),
    defaultSmdp: (signal) => readDefaultSmdp(line, dialect, signal),
    setDefaultSmdp: (address, signal) => writeDefaultSmdp(line, dialect, address, signal),
    close: () => Promise.resolve(),
  };
}

interface IndexedRow extends ProfileRow {
  /** Its place in the modem's list, where the modem names profiles by it; it shifts when another is deleted. */
  readonly index: number;
}

/** More profiles than any eUICC holds: a count beyond it is a lie. */
const mostProfiles = 64;

/** The modem's list. @throws EsimdError */
export async function listByModem(
  line: ModemLine,
  dialect: OwnLpaDialect,
  signal: AbortSignal,
): Promise<readonly (ProfileDetails & IndexedRow)[]> {
  const { list, describeResultCode } = dialect.ownLpa;
  if (list.kind === "rows") {
    const rows = await runQuery(line, list, signal, describeResultCode);
    return rows.map((row, at) => ({ ...row, index: at + 1 }));
  }
  const count = await runQuery(line, list.count, signal, describeResultCode);
  if (count > mostProfiles) {
    throw new EsimdError("modem_protocol", `the modem says that its eUICC holds ${count} profiles, which none does`);
  }
  const rows: IndexedRow[] = [];
  for (let index = 1; index <= count; index++) {
    rows.push({ ...(await runQuery(line, list.detail, signal, describeResultCode, { index })), index });
  }
  return rows;
}

interface Operation {
  readonly name: string;
  readonly change: Change;
  readonly values?: Readonly<Record<string, string>>;
  /** Whether the profile's row, undefined when it is not on the list, shows the change. */
  readonly done: (row: ProfileRow | undefined) => boolean;
}

async function changeByModem(
  line: ModemLine,
  dialect: OwnLpaDialect,
  operation: Operation | undefined,
  iccid: Iccid,
  signal: AbortSignal,
): Promise<void> {
  if (operation === undefined) {
    throw new EsimdError(
      "profile_operation_unsupported",
      `the LPA of a modem of the family ${dialect.name} has no such operation`,
    );
  }
  const { change, values = {} } = operation;
  const send = async (): Promise<void> => {
    const index = byIndex(change) ? await indexOf(line, dialect, iccid, signal) : 0;
    await runExchange(line, change, { iccid, index, ...values }, signal, dialect.ownLpa.describeResultCode);
  };
  await send();
  if (change.settle !== undefined) await settle(line, dialect, { ...operation, iccid, send }, change.settle, signal);
}

function byIndex(change: Change): boolean {
  return change.send.includes("{index}");
}

/** Lists that were read while the SIM restarts, or that somebody else changes, are read again. */
const listTries = 3;

/**
 * Asked right before each operation: an index is another profile's once one in front of it was deleted. And asked twice, since a list
 * that does not hold still would have another profile changed than the one that is meant.
 * @throws EsimdError `profile_unknown`; `modem_busy` for a list that does not hold still.
 */
async function indexOf(line: ModemLine, dialect: OwnLpaDialect, iccid: Iccid, signal: AbortSignal): Promise<number> {
  let seen = await placesOf(line, dialect, iccid, signal);
  for (let attempt = 1; attempt <= listTries; attempt++) {
    const again = await placesOf(line, dialect, iccid, signal);
    const [index, ...others] = again;
    if (again.join() === seen.join() && others.length === 0) {
      if (index !== undefined) return index;
      throw new EsimdError("profile_unknown", `the modem's list has no profile ${maskIdentifiers(iccid)}`);
    }
    seen = again;
  }
  throw new EsimdError(
    "modem_busy",
    `the modem's list shows the profile ${maskIdentifiers(iccid)} at changing or several places, so nothing was done to it`,
  );
}

async function placesOf(
  line: ModemLine,
  dialect: OwnLpaDialect,
  iccid: Iccid,
  signal: AbortSignal,
): Promise<readonly number[]> {
  const rows = await listByModem(line, dialect, signal);
  return rows.filter((row) => row.iccid === iccid).map(({ index }) => index);
}

/** OK meant accepted: reads the list until it shows the change. @throws EsimdError `profile_refused` when it does not in its time. */
async function settle(
  line: ModemLine,
  dialect: OwnLpaDialect,
  operation: Operation & { readonly iccid: Iccid; readonly send: () => Promise<void> },
  plan: NonNullable<Change["settle"]>,
  signal: AbortSignal,
): Promise<void> {
  const startMs = line.clock.monotonicMs();
  for (;;) {
    await sleep(line.clock, plan.pollEveryMs, signal);
    const rows = await tolerating(() => listByModem(line, dialect, signal), signal);
    if (rows !== undefined && operation.done(rows.find(({ iccid }) => iccid === operation.iccid))) return;
    if (line.clock.monotonicMs() - startMs >= plan.windowMs) {
      throw new EsimdError(
        "profile_refused",
        `the modem accepted to ${operation.name} the profile, and its list does not show it after ${Math.round(plan.windowMs / 1000)} s`,
      );
    }
    // Some firmware takes it up only when it is asked again; a refusal then may mean that it did.
    if (plan.resend) await tolerating(operation.send, signal);
  }
}

/** While the card restarts the modem refuses now and then; the next look is as good. */
async function tolerating<Value>(work: () => Promise<Value>, signal: AbortSignal): Promise<Value | undefined> {
  try {
    return await work();
  } catch (error) {
    if (signal.aborted || !isEsimdError(error) || error.code === "serial_gone") throw error;
    return undefined;
  }
}

async function readDefaultSmdp(
  line: ModemLine,
  dialect: OwnLpaDialect,
  signal: AbortSignal,
): Promise<SmdpAddress | undefined> {
  const { defaultSmdp, describeResultCode }: OwnLpa = dialect.ownLpa;
  if (defaultSmdp === undefined) return readDefaultSmdpFromCard(line, signal);
  const address = await tolerating(() => runQuery(line, defaultSmdp.read, signal, describeResultCode), signal);
  return address === undefined ? undefined : parseSmdpAddress(address, "the modem's default SM-DP+");
}

/** Some firmware takes it up late, and only when it is told again (Quectel's own regression test writes until it reads it back). */
const addressWrites = 15;
const addressPollMs = 2_000;

async function writeDefaultSmdp(
  line: ModemLine,
  dialect: OwnLpaDialect,
  address: SmdpAddress,
  signal: AbortSignal,
): Promise<void> {
  const { defaultSmdp, describeResultCode }: OwnLpa = dialect.ownLpa;
  const write = defaultSmdp?.write;
  if (write === undefined) {
    if (await writeDefaultSmdpToCard(line, address, signal)) return;
    throw new EsimdError(
      "default_smdp_wrong",
      `a modem of the family ${dialect.name} gives no way to write the eUICC's default SM-DP+`,
      { hint: "Write it with another reader of the eUICC, or leave default_smdp.set at never." },
    );
  }
  for (let attempt = 1; attempt <= addressWrites; attempt++) {
    await runExchange(line, write, { address }, signal, describeResultCode);
    if ((await readDefaultSmdp(line, dialect, signal)) === address) return;
    await sleep(line.clock, addressPollMs, signal);
  }
}
