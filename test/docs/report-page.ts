import { z } from "zod";
import { reportSchema } from "../../src/report/schema.js";

/** docs/report.schema.json: the report for programs. */
export function reportJsonSchema(): string {
  const schema = z.toJSONSchema(reportSchema, { target: "draft-2020-12" });
  return `${JSON.stringify({ $id: "https://esimd.invalid/report-1.schema.json", title: "esimd.report/1", ...schema }, null, 2)}\n`;
}

/** docs/report.md: the same for people. */
export function reportPage(): string {
  return [
    "# The report",
    "",
    "Every run ends with a report: the last line of stdout with `--json`, and a file under `status/` in the state folder. It is whole",
    "(EID, ICCID); logs mask both. [report.schema.json](report.schema.json) is its JSON Schema.",
    "",
    "| key | type | meaning |",
    "|---|---|---|",
    ...Object.entries(reportSchema.shape).flatMap(([key, type]) => rows(key, type)),
    "",
  ].join("\n");
}

function rows(key: string, type: z.ZodType): readonly string[] {
  const inner = bare(type);
  const own = `| \`${key}\` | ${typeName(type)} | ${type.description ?? ""} |`;
  if (!(inner instanceof z.ZodObject)) return [own];
  return [own, ...Object.entries(inner.shape).flatMap(([name, child]) => rows(`${key}.${name}`, asType(child)))];
}

function asType(value: unknown): z.ZodType {
  if (value instanceof z.ZodType) return value;
  throw new Error("a field of the report is no zod type");
}

function bare(type: z.ZodType): z.ZodType {
  return type instanceof z.ZodNullable || type instanceof z.ZodOptional ? bare(asType(type.unwrap())) : type;
}

function typeName(type: z.ZodType): string {
  const inner = bare(type);
  const nullable = type.safeParse(null).success ? " or null" : "";
  const optional = type.safeParse(undefined).success ? ", may be absent" : "";
  return `${innerName(inner)}${nullable}${optional}`;
}

function innerName(type: z.ZodType): string {
  if (type instanceof z.ZodEnum) return type.options.map((word) => `\`${word}\``).join(", ");
  if (type instanceof z.ZodLiteral) return `\`${String(type.value)}\``;
  if (type instanceof z.ZodObject) return "object";
  if (type instanceof z.ZodRecord) return "object of numbers";
  if (type instanceof z.ZodBoolean) return "boolean";
  if (type instanceof z.ZodNumber) return "number";
  return "text";
}
