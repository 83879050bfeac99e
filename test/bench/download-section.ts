import { ceilings } from "./ceilings.js";
import { type DownloadFigures, measureDownload } from "./download.js";
import { purposeNames } from "./exchanges.js";
import { measureProvision, type ProvisionFigures } from "./provision.js";
import { type Cut, type Setting, ts48Bytes, type Way } from "./setting.js";
import { table } from "./table.js";

/** `--only download`: what a download costs on the serial line. Counts only; they do not depend on the machine. */

export interface DownloadSection {
  readonly ceilings: typeof ceilings;
  /** The step that the ceilings are for, on a modem that was never seen before. */
  readonly step: readonly DownloadFigures[];
  readonly provision: readonly ProvisionFigures[];
  readonly bySetting: readonly DownloadFigures[];
}

const ways: readonly Way[] = ["CGLA", "CSIM"];
const cutNames: readonly Cut[] = ["sgp22", "osmo-smdpp"];
const segmentSizes = [255, 120, 60] as const;
/** The recorded sessions of another LPA have the other cut, and the first of these sizes. */
const profiles: readonly Pick<Setting, "profileBytes" | "cut">[] = [
  { profileBytes: ts48Bytes, cut: "osmo-smdpp" },
  { profileBytes: ts48Bytes, cut: "sgp22" },
  { profileBytes: 50_000, cut: "sgp22" },
  { profileBytes: 150_000, cut: "sgp22" },
];

export async function measureDownloadSection(): Promise<DownloadSection> {
  const step: DownloadFigures[] = [];
  const provision: ProvisionFigures[] = [];
  const bySetting: DownloadFigures[] = [];
  for (const way of ways) {
    for (const cut of cutNames) {
      const setting = { way, cut, profileBytes: ts48Bytes };
      step.push(await measureDownload({ ...setting, segmentBytes: undefined }));
      provision.push(await measureProvision(setting));
    }
  }
  for (const way of ways) {
    for (const { profileBytes, cut } of profiles) {
      for (const segmentBytes of segmentSizes) {
        bySetting.push(await measureDownload({ way, profileBytes, cut, segmentBytes }));
      }
    }
  }
  return { ceilings, step, provision, bySetting };
}

export function showDownloadSection({ step, provision, bySetting }: DownloadSection): string {
  const name = ({ way, cut }: Setting): string => `AT+${way}, ${cut} cut`;
  const purposes = purposeNames.filter((purpose) => provision.some((run) => run.exchangesByPurpose[purpose]));
  return [
    `Download step, profile of ${ts48Bytes} bytes, a modem never seen before`,
    table(
      ["setting", "exchanges", "ceiling", "bytes to modem", "from modem", "sum", "floor", "ratio", "ceiling"],
      step.map((figures) => [
        name(figures.setting),
        figures.exchanges,
        ceilings.downloadExchanges,
        ...bytesOf(figures),
        ceilings.bytesToFloor,
      ]),
    ),
    "Whole provision, the same profile: APDU exchanges by purpose",
    table(
      ["setting", "exchanges", "ceiling", ...purposes, "other AT commands"],
      provision.map(({ setting, exchanges, exchangesByPurpose, otherCommands }) => [
        name(setting),
        exchanges,
        setting.way === "CGLA" ? ceilings.provisionExchanges : "none",
        ...purposes.map((purpose) => exchangesByPurpose[purpose] ?? 0),
        otherCommands,
      ]),
    ),
    "Download step by profile and segment size",
    table(
      [
        "way",
        "cut",
        "profile bytes",
        "segment bytes",
        "exchanges",
        "forced",
        "bytes to modem",
        "from modem",
        "sum",
        "floor",
        "ratio",
        "requests",
        "SM-DP+ ms",
      ],
      bySetting.map((figures) => [
        `AT+${figures.setting.way}`,
        figures.setting.cut,
        figures.setting.profileBytes,
        figures.setting.segmentBytes ?? 0,
        figures.exchanges,
        figures.forcedExchanges,
        ...bytesOf(figures),
        figures.requests,
        figures.smdpMs,
      ]),
    ),
  ].join("\n\n");
}

function bytesOf({ bytesToModem, bytesFromModem, bytes, floorBytes, ratio }: DownloadFigures): number[] {
  return [bytesToModem, bytesFromModem, bytes, floorBytes, ratio];
}
