import { measureDownloadSection, showDownloadSection } from "./download-section.js";
import { measureFleetSection, showFleetSection, writeFleetPlots } from "./fleet-section.js";
import { measureIdleSection, showIdleSection } from "./idle-section.js";
import { lineFailures, measureLineSection, showLineSection } from "./line-section.js";
import { measureProgramSection, showProgramSection } from "./program-section.js";
import { measureRequestsSection, showRequestsSection } from "./requests-section.js";
import { measureStationSection, showStationSection, stationDelays } from "./station-section.js";
import { measureTimeSection, showTimeSection } from "./time/time-section.js";

/** What there is to measure, in the order of its printing. */

/** What the command line asks for; each section takes what is its own. */
export interface BenchOrder {
  readonly units: number;
  readonly seed: number;
  readonly delayMs: number | undefined;
  readonly full: boolean;
  readonly times: number;
  readonly devices: number;
  /** Requests, and sessions, a second. */
  readonly apiRate: number;
  readonly smdpRate: number;
  /** A folder for plots. */
  readonly plots: string | undefined;
}

export interface Section {
  readonly name: string;
  /** Measured without being asked for by name; the others take minutes. */
  readonly isUsual: boolean;
  readonly measure: (order: BenchOrder) => Promise<Measured>;
}

export interface Measured {
  /** For `--json`. */
  readonly figures: object;
  readonly text: string;
  /** A run that did not come out as it was planned. */
  readonly hasFailed: boolean;
}

function section<Figures extends object>(
  name: string,
  isUsual: boolean,
  measure: (order: BenchOrder) => Promise<Figures>,
  show: (figures: Figures) => string,
  hasFailed: (figures: Figures) => boolean = () => false,
): Section {
  return {
    name,
    isUsual,
    measure: async (order) => {
      const figures = await measure(order);
      return { figures, text: show(figures), hasFailed: hasFailed(figures) };
    },
  };
}

export const sections: readonly Section[] = [
  section("download", true, measureDownloadSection, showDownloadSection),
  section("time", false, measureTimeSection, showTimeSection),
  section("requests", false, measureRequestsSection, showRequestsSection),
  section("idle", true, measureIdleSection, showIdleSection),
  section("program", false, measureProgramSection, showProgramSection),
  section(
    "station",
    false,
    ({ delayMs }) => measureStationSection(delayMs === undefined ? stationDelays : [delayMs]),
    showStationSection,
  ),
  section("line", false, measureLineSection, showLineSection, (figures) => lineFailures(figures).length > 0),
  section(
    "fleet",
    false,
    async ({ plots, ...asked }) => {
      const figures = measureFleetSection(asked);
      if (plots !== undefined) await writeFleetPlots(plots, figures);
      return figures;
    },
    showFleetSection,
  ),
];
