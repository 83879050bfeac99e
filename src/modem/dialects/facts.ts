import type { Dialect, Exchange, OwnLpa, Sourced } from "./dialect.js";

/** A dialect's facts one by one: what each is for, how it is asked or known, and how sure it is. For `probe` and for docs/modems.md. Pure. */

export interface Fact extends Sourced {
  /** The command, or the pattern of what is recognised. */
  readonly how: string;
  /** How long a command may take. */
  readonly timeoutMs?: number;
}

type Named = readonly [what: string, fact: Fact | undefined];

/** Each what is there once. */
export function factsOf(dialect: Dialect): readonly (readonly [string, Fact])[] {
  const { eid, ownLpa, iccid, slot, slots, lpaSwitch, recognise, refresh } = dialect;
  const setting = lpaSwitch?.name ?? "";
  const found: readonly Named[] = [
    ["recognition", recognise && knownBy(recognise)],
    ["EID", command(eid)],
    ...(ownLpa === undefined ? [] : ownLpaFacts(ownLpa)),
    [setting, command(lpaSwitch?.query)],
    [`unlock ${setting}`, command(lpaSwitch?.unlock)],
    [`${setting} off`, command(lpaSwitch?.off)],
    ...iccid.map((query): Named => [`ICCID in use (${query.send})`, command(query)]),
    ...dialect.offers.map((offer): Named => [offer.name, command(offer)]),
    ["SIM slot", command(slot?.query)],
    ["switch SIM slot", command(slot?.set)],
    ["all slots", command(slots)],
    ["after a switch", { ...sourceOf(refresh), how: refresh.ladder.join(", ") || "nothing is restarted" }],
    ["SIM power off", command(refresh.simPower?.off)],
    ["SIM power on", command(refresh.simPower?.on)],
  ];
  return found.flatMap(([what, fact]) => (fact === undefined ? [] : [[what, fact] as const]));
}

function ownLpaFacts({ list, enable, disable, nickname, download, defaultSmdp, ...more }: OwnLpa): readonly Named[] {
  const lists: readonly Named[] =
    list.kind === "rows"
      ? [["list", command(list)]]
      : [
          ["count", command(list.count)],
          ["each profile", command(list.detail)],
        ];
  return [
    ...lists,
    ["enable", command(enable)],
    ["disable", command(disable)],
    ["delete", command(more.delete)],
    ["rename", command(nickname)],
    ...downloadFacts(download),
    ["default SM-DP+", command(defaultSmdp?.read)],
    ["set default SM-DP+", command(defaultSmdp?.write)],
  ];
}

function downloadFacts(download: OwnLpa["download"]): readonly Named[] {
  if (download.kind === "none") return [];
  const end: Fact = { ...sourceOf(download.end), how: download.end.line.source };
  return [
    ["download", command(download.start)],
    ["download with a confirmation code", download.kind === "host-relay" ? undefined : command(download.startWithCode)],
    ["the host's answers", download.kind === "host-relay" ? command(download.chunk) : undefined],
    ["end of a download", end],
  ];
}

function command(exchange: (Exchange & Sourced) | undefined): Fact | undefined {
  return exchange && { ...sourceOf(exchange), how: exchange.send, timeoutMs: exchange.timeoutMs };
}

function knownBy({ identity, ask, ...facts }: NonNullable<Dialect["recognise"]>): Fact {
  const how = [identity?.source, ask?.send].filter((part) => part !== undefined).join(", then ");
  return { ...sourceOf(facts), how, ...(ask && { timeoutMs: ask.timeoutMs }) };
}

function sourceOf({ evidence, source }: Sourced): Sourced {
  return { evidence, source };
}

/** How sure each is, by what it is for. */
export function evidenceOf(dialect: Dialect): Readonly<Record<string, string>> {
  return Object.fromEntries(factsOf(dialect).map(([what, { evidence }]) => [what, evidence]));
}
