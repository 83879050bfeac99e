import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { onPath } from "../../peers/on-path.js";
import { renderPlot, type Series } from "../plot/svg.js";
import { ts48Bytes } from "../setting.js";
import { table } from "../table.js";
import { withBundle } from "./bundle.js";
import { type Contender, esimd, lpac } from "./contender.js";
import { lineFloorMs, type SlowLine, type TimedDownload, timeDownload } from "./timed.js";

/** `--only time`: a download by the built program in real time, on lines that are slow in one way, beside its floor and beside lpac. */

export interface TimeOrder {
  /** Profiles of 50 and 150 kB too, on the lines of the plots. */
  readonly full: boolean;
  /** Each is done so often, and the shortest is the figure: what else the machine does only ever adds. */
  readonly times: number;
  /** A folder for the plots; they need `full`. */
  readonly plots: string | undefined;
}

export interface TimeSection {
  readonly peer: string | undefined;
  readonly times: number;
  readonly rows: readonly TimedDownload[];
  /** Where esimd took more than it may of its floor, in words; the faster line is not judged. */
  readonly over: readonly string[];
}

export const mostOfFloor = 1.05;

const pacedLine: SlowLine = { kind: "baud", baud: 115_200 };
const fastLine: SlowLine = { kind: "baud", baud: 921_600 };
const quickModem: SlowLine = { kind: "delay", delayMs: 50 };
const slowModem: SlowLine = { kind: "delay", delayMs: 300 };
const lines = [pacedLine, fastLine, quickModem, slowModem];
const plottedLines = [pacedLine, quickModem];
const largerProfiles = [50_000, 150_000];
const esimdName = "esimd";

export async function measureTimeSection({ full, times, plots }: TimeOrder): Promise<TimeSection> {
  const peer = process.env["ESIMD_PEER_LPAC"] ?? onPath(["lpac"]);
  const rows = await withBundle(async (program) => {
    const contenders = [esimd(program), ...(peer === undefined ? [] : [lpac(peer), lpac(peer, 255)])];
    const done: TimedDownload[] = [];
    for (const line of lines) {
      for (const one of contenders) done.push(await shortest(one, line, ts48Bytes, line === slowModem ? 1 : times));
    }
    for (const profileBytes of full ? largerProfiles : []) {
      for (const line of plottedLines) {
        for (const one of contenders) done.push(await shortest(one, line, profileBytes, 1));
      }
    }
    return done;
  });
  if (plots !== undefined && full) {
    for (const line of plottedLines) await writeFile(join(plots, plotName(line)), plotOf(rows, line));
  }
  return { peer: peer === undefined ? undefined : "lpac", times, rows, over: overFloor(rows) };
}

async function shortest(
  contender: Contender,
  line: SlowLine,
  profileBytes: number,
  times: number,
): Promise<TimedDownload> {
  let best = await timeDownload(contender, line, profileBytes);
  for (let done = 1; done < times; done++) {
    const next = await timeDownload(contender, line, profileBytes);
    if (next.sessionMs < best.sessionMs) best = next;
  }
  return best;
}

function overFloor(rows: readonly TimedDownload[]): readonly string[] {
  return rows
    .filter(({ program, line }) => program === esimdName && line !== fastLine)
    .filter(({ sessionMs, floorMs }) => sessionMs > floorMs * mostOfFloor)
    .map(
      ({ line, profileBytes, sessionMs, floorMs }) =>
        `${profileBytes} bytes, ${lineName(line)}: ${ratio(sessionMs, floorMs)} times the floor`,
    );
}

export function showTimeSection({ peer, times, rows, over }: TimeSection): string {
  return [
    `One download by each program in real time; of ${times} the shortest, at 300 ms and of larger profiles one`,
    table(
      [
        "line",
        "profile bytes",
        "program",
        "exchanges",
        "forced",
        "seconds",
        "floor",
        "ratio",
        "modem's own ms",
        "SM-DP+ ms",
      ],
      rows.map((row) => [
        lineName(row.line),
        row.profileBytes,
        row.program,
        row.exchanges,
        row.forcedExchanges,
        seconds(row.sessionMs),
        seconds(row.floorMs),
        ratio(row.sessionMs, row.floorMs),
        row.modemMs.toFixed(0),
        row.smdpMs.toFixed(0),
      ]),
    ),
    "The same runs as whole processes",
    table(
      [
        "line",
        "profile bytes",
        "program",
        "start, s",
        "before the session, s",
        "whole, s",
        "CPU s",
        "peak MB",
        "HTTP requests",
      ],
      rows.map((row) => [
        lineName(row.line),
        row.profileBytes,
        row.program,
        seconds(row.startMs),
        seconds(row.beforeMs),
        seconds(row.wholeMs),
        row.cpuSeconds.toFixed(2),
        ((row.peakKib * 1024) / 1e6).toFixed(1),
        row.requests,
      ]),
    ),
    ...(peer === undefined
      ? ["There is no lpac on PATH, and ESIMD_PEER_LPAC names none: esimd stands beside its floor alone."]
      : [
          "Time of esimd beside it",
          table(["line", "profile bytes", "to lpac", "to lpac, tuned to 255"], beside(rows)),
        ]),
    ...over.map((words) => `over ${mostOfFloor}: ${words}`),
    "",
  ].join("\n\n");
}

function beside(rows: readonly TimedDownload[]): readonly (readonly (string | number)[])[] {
  return rows
    .filter(({ program }) => program === esimdName)
    .map(({ line, profileBytes, sessionMs }) => {
      const others = rows.filter((row) => row.line === line && row.profileBytes === profileBytes);
      const to = (program: string): string =>
        ratio(sessionMs, others.find((row) => row.program === program)?.sessionMs ?? Number.NaN);
      return [lineName(line), profileBytes, to("lpac"), to("lpac, tuned to 255")];
    });
}

/** Time by size on one line. Pure. */
export function plotOf(rows: readonly TimedDownload[], line: SlowLine): string {
  const ours = rows.filter((row) => row.line === line);
  const programs = [...new Set(ours.map(({ program }) => program))];
  const measured = programs.map((name): Series => {
    const points = ours.filter(({ program }) => program === name);
    return {
      name,
      kind: "measured",
      points: points.map(({ profileBytes, sessionMs }) => ({ x: profileBytes / 1000, y: sessionMs / 1000 })),
    };
  });
  const limits = ours.filter(({ program }) => program === esimdName);
  const floor: Series = {
    name: line.kind === "baud" ? "floor: the line's bytes" : "floor: the forced exchanges",
    kind: "limit",
    points: limits.map(({ profileBytes, floorBytes, forcedExchanges }) => ({
      x: profileBytes / 1000,
      y: lineFloorMs(line, floorBytes, forcedExchanges) / 1000,
    })),
  };
  return renderPlot({
    title: `One download, ${lineName(line)}`,
    x: { label: "profile, kB" },
    y: { label: "seconds" },
    series: [...measured, floor],
  });
}

function plotName(line: SlowLine): string {
  return line.kind === "baud" ? `download-time-${line.baud}-baud.svg` : `download-time-${line.delayMs}-ms.svg`;
}

function lineName(line: SlowLine): string {
  return line.kind === "baud" ? `${line.baud} baud` : `${line.delayMs} ms an exchange`;
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(2);
}

function ratio(ms: number, ofMs: number): string {
  return Number.isFinite(ofMs) ? (ms / ofMs).toFixed(3) : "–";
}
