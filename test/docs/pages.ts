import { configPage } from "./config-page.js";
import { doctorPage } from "./doctor-page.js";
import { errorsPage } from "./errors-page.js";
import { eventJsonSchema, stateJsonSchema } from "./event-schemas.js";
import { labelSample } from "./label-samples.js";
import { modemsPage } from "./modems-page.js";
import { reportJsonSchema, reportPage } from "./report-page.js";
import { statesPage } from "./states-page.js";
import { stationRecordJsonSchema, stationRecordsPage } from "./station-records-page.js";

/** The files under docs/ that are made from code, and how. `npm run docs` writes them, `npm run docs:check` compares. */
export const generatedPages: Readonly<Record<string, () => string>> = {
  "doctor.md": doctorPage,
  "errors.md": errorsPage,
  "config.md": configPage,
  "states.md": statesPage,
  "modems.md": modemsPage,
  "report.md": reportPage,
  "report.schema.json": reportJsonSchema,
  "event.schema.json": eventJsonSchema,
  "state.schema.json": stateJsonSchema,
  "label-unit.svg": () => labelSample("unit"),
  "label-activation.svg": () => labelSample("activation"),
  "station-records.md": stationRecordsPage,
  "station-record.schema.json": stationRecordJsonSchema,
};
