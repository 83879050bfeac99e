import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { Ajv, type ValidateFunction } from "ajv";
import addFormatsModule from "ajv-formats";
import type { RecordedExchange } from "./recording-proxy.js";

/**
 * The vendors' OpenAPI documents as judges of what goes over the wire. Stricter than the documents in one way: a field or a parameter
 * that they do not know is a fault. Laxer in one: `smdp_plus_address` is typed `uri`, though their own examples are bare hosts.
 */
export interface OpenApiJudge {
  /** What is wrong with an exchange; empty when nothing is. */
  faultsOf(exchange: RecordedExchange): readonly string[];
}

const folder = resolve(import.meta.dirname, "../../../../shared/api");
const documents = { twilio: "twilio_supersim_v1.json", kore: "kore_supersim_v1.json", token: "kore_token_v1.json" };
export type DocumentName = keyof typeof documents;

/** False in a checkout without the shared folder; what needs it is skipped then. */
export const hasDocuments = Object.values(documents).every((name) => existsSync(resolve(folder, name)));

type Json = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

export function createJudge(name: DocumentName): OpenApiJudge {
  const document = toJsonSchema(JSON.parse(readFileSync(resolve(folder, documents[name]), "utf8")));
  if (!isObject(document) || !isObject(document["paths"])) throw new Error(`${name} is not an OpenAPI document`);
  const paths = document["paths"];
  // ajv-formats is CommonJS: its default export hides one level deeper.
  const addFormats = addFormatsModule.default;
  const ajv = new Ajv({ strict: false, allErrors: true });
  addFormats(ajv);
  for (const format of ["http-method", "uri-map", "int64", "int32"]) ajv.addFormat(format, true);
  ajv.addSchema(document, name);
  const compiled = new Map<string, ValidateFunction>();
  const validate = (pointer: readonly string[], value: unknown, what: string): readonly string[] => {
    const ref = `${name}#/${pointer.map((part) => encodeURIComponent(part.replaceAll("~", "~0").replaceAll("/", "~1"))).join("/")}`;
    const check = compiled.get(ref) ?? ajv.compile({ $ref: ref });
    compiled.set(ref, check);
    check(value);
    return (check.errors ?? []).map((error) => `${what}${error.instancePath} ${error.message ?? "is wrong"}`);
  };

  return {
    faultsOf: ({ method, target, status, contentType, requestBody, body }) => {
      const [path = "", query = ""] = target.split("?");
      const serverPath = name === "token" ? "/api-services" : "";
      const template = Object.keys(paths).find((one) => matches(`${serverPath}${one}`, path));
      if (template === undefined) return [`${method} ${path} is no path of the document`];
      const operation = at(paths, template, method.toLowerCase());
      if (!isObject(operation)) return [`${method} is no method of ${template}`];
      const pointer = ["paths", template, method.toLowerCase()];
      const faults: string[] = [];

      const declared = Array.isArray(operation["parameters"]) ? operation["parameters"] : [];
      for (const [key, value] of new URLSearchParams(query)) {
        const index = declared.findIndex((one) => at(one, "name") === key && at(one, "in") === "query");
        if (index < 0) faults.push(`query parameter ${key} is unknown`);
        else {
          const typed = typedValue(value, at(declared[index], "schema"));
          faults.push(...validate([...pointer, "parameters", String(index), "schema"], typed, `query ${key}`));
        }
      }

      const formPointer = ["requestBody", "content", "application/x-www-form-urlencoded", "schema"];
      const formSchema = at(operation, ...formPointer);
      if (isObject(formSchema)) {
        const properties = at(formSchema, "properties");
        const entries = [...new URLSearchParams(requestBody)].map(([key, value]): [string, unknown] => [
          key,
          typedValue(value, at(properties, key)),
        ]);
        faults.push(...validate([...pointer, ...formPointer], Object.fromEntries(entries), "form"));
      } else if (requestBody !== "") faults.push("a body is sent where none is declared");

      // Errors of the resources are declared nowhere in the documents; those of the token endpoint are.
      if (status >= 300 && name !== "token") return faults;
      if (at(operation, "responses", String(status)) === undefined)
        return [...faults, `status ${status} is not declared`];
      if (!contentType.startsWith("application/json")) return [...faults, `content type ${contentType} is not JSON`];
      const bodyPointer = ["responses", String(status), "content", "application/json", "schema"];
      return [...faults, ...validate([...pointer, ...bodyPointer], JSON.parse(body), "answer")];
    },
  };
}

/** OpenAPI 3.0 to JSON Schema: `nullable` becomes a type of its own, and objects are closed. */
function toJsonSchema(value: unknown, key = ""): unknown {
  if (Array.isArray(value)) return value.map((one) => toJsonSchema(one));
  if (!isObject(value)) return value;
  const { nullable, ...rest } = value;
  const mapped: Record<string, unknown> = Object.fromEntries(
    Object.entries(rest).map(([name, inner]) => [name, toJsonSchema(inner, name)]),
  );
  if (key === "smdp_plus_address") delete mapped["format"];
  if (mapped["type"] === "object" && isObject(mapped["properties"])) mapped["additionalProperties"] = false;
  if (nullable !== true) return mapped;
  if (typeof mapped["type"] !== "string") return { anyOf: [{ type: "null" }, mapped] };
  const values = Array.isArray(mapped["enum"]) ? { enum: [...mapped["enum"], null] } : {};
  return { ...mapped, type: [mapped["type"], "null"], ...values };
}

function at(value: unknown, ...keys: readonly string[]): unknown {
  return keys.reduce<unknown>((inner, key) => (isObject(inner) ? inner[key] : undefined), value);
}

/** What a form or a query can only say in letters. */
function typedValue(value: string, schema: unknown): unknown {
  const types = [at(schema, "type")].flat();
  if (types.includes("boolean") && /^(true|false)$/.test(value)) return value === "true";
  return types.includes("integer") && /^\d+$/.test(value) ? Number(value) : value;
}

function matches(template: string, path: string): boolean {
  return new RegExp(`^${template.replace(/\{[^}]+\}/g, "[^/]+")}$`).test(path);
}
