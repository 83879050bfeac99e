import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Report, reportSchema } from "../../src/report/schema.js";
import type { Field } from "./field.js";

/** The last report in the field's status files, as another program would read it; undefined before the first. */
export function lastReport(field: Field): Report | undefined {
  const folder = join(field.env["ESIMD_STATE_DIR"] ?? "", "status");
  const [name] = namesIn(folder).filter((file) => file.endsWith(".json"));
  return name === undefined ? undefined : reportSchema.parse(JSON.parse(readFileSync(join(folder, name), "utf8")));
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
    throw error;
  }
}
