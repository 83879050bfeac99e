import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { parse, TomlError } from "smol-toml";
import { z } from "zod";
import { describeCause, EsimdError, isEsimdError } from "../base/errors.js";
import { quote } from "../base/identifiers.js";
import { parsePortAddress } from "../serial/address.js";
import { batchForm } from "./records/entry.js";

/** The station file: which slots there are, and how the line is run. What a unit gets is in esimd's own configuration, and in the sheet of work. */

const name = z.string().regex(batchForm, 'must be at most 64 letters, digits, ".", "_" and "-"');
const file = z.string().min(1).max(4096);

const slotSchema = z
  .strictObject({
    number: z.int().min(1).max(64),
    port: z.string().min(1).max(4096).optional(),
    usb: z
      .string()
      .regex(/^\d{1,3}-\d{1,3}(\.\d{1,3}){0,6}$/, 'must be a place on the USB, such as "1-1.4.2"')
      .optional(),
    interface: z.int().min(0).max(255).optional(),
    dialect: z.string().min(1).max(64).optional(),
  })
  .superRefine((slot, context) => {
    if ((slot.port === undefined) === (slot.usb === undefined))
      context.addIssue({ code: "custom", message: "needs either port or usb" });
    if (slot.interface !== undefined && slot.usb === undefined)
      context.addIssue({ code: "custom", path: ["interface"], message: "belongs to usb" });
    // They mean "whichever modem there is", and slot 7 is always slot 7.
    if (slot.port === "auto" || slot.port === "all")
      context.addIssue({ code: "custom", path: ["port"], message: `${quote(slot.port)} names no certain place` });
    else if (slot.port !== undefined && !isPortAddress(slot.port))
      context.addIssue({
        code: "custom",
        path: ["port"],
        message: `${quote(slot.port)} is neither /dev/NAME, nor tcp://HOST:PORT, nor unix:/PATH of at most 107 bytes`,
      });
  });

function isPortAddress(text: string): boolean {
  try {
    parsePortAddress(text);
    return true;
  } catch (error) {
    if (isEsimdError(error)) return false;
    throw error;
  }
}

const stationSchema = z.strictObject({
  station: z
    .strictObject({
      name: name.default("station"),
      /** Left out: `station` in the state folder. */
      records: file.optional(),
      batch: name.optional(),
      serial: z.enum(["scan", "imei"]).default("scan"),
      verify: z.enum(["none", "registration"]).default("none"),
      sheet: file.optional(),
      operator: z.string().min(1).max(64).optional(),
    })
    .prefault({}),
  limits: z
    .strictObject({
      api_concurrency: z.int().min(1).max(64).default(8),
      /** Requests a second. */
      api_rate: z.number().min(0.1).max(1000).default(20),
      /** Charges of one batch. */
      budget: z.int().min(0).max(1_000_000).optional(),
    })
    .prefault({}),
  page: z
    .strictObject({
      /** `none`: no page. */
      listen: z
        .union([
          z.literal("none"),
          z.string().regex(/^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]+):\d{1,5}$/, "must be HOST:PORT"),
        ])
        .default("127.0.0.1:8064"),
      password_file: file.optional(),
      tls_cert: file.optional(),
      tls_key: file.optional(),
      client_ca: file.optional(),
    })
    .prefault({}),
  label: z
    .strictObject({
      template: z.string().min(1).max(4096).default("unit"),
      format: z.enum(["zpl", "pdf", "png", "svg"]).default("zpl"),
      /** A program, without arguments; the label comes on its standard input. */
      command: z.string().regex(/^\//, "must be an absolute path").max(4096).optional(),
      timeout_seconds: z.int().min(1).max(300).default(20),
    })
    .prefault({}),
  executive: z.strictObject({ listen: z.string().min(1).max(4096).optional() }).prefault({}),
  slot: z.array(slotSchema).min(1, "needs at least one slot").max(64, "has more than 64 slots"),
});

export type StationFile = z.output<typeof stationSchema>;
export type SlotEntry = StationFile["slot"][number];

const maxBytes = 256 * 1024;

/** Paths in it are taken from its own folder. @throws EsimdError `config_unreadable`, `config_invalid`, naming the entry and what is wrong with it. */
export function loadStationFile(path: string): StationFile {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (cause) {
    throw new EsimdError(
      "config_unreadable",
      `the station file ${quote(path)} cannot be read: ${describeCause(cause)}`,
      {
        cause,
        hint: "Give --station FILE; docs/station.md has an example.",
      },
    );
  }
  if (text.length > maxBytes)
    throw new EsimdError("config_invalid", `the station file ${quote(path)} has more than 256 kB`);
  return parseStationFile(text, path);
}

/** @throws EsimdError `config_invalid`. */
export function parseStationFile(text: string, path: string): StationFile {
  let raw: unknown;
  try {
    raw = parse(text);
  } catch (cause) {
    const where = cause instanceof TomlError ? `, line ${cause.line}` : "";
    throw new EsimdError("config_invalid", `${path}${where}: ${firstLine(describeCause(cause))}`, { cause });
  }
  const read = stationSchema.safeParse(raw);
  if (!read.success) {
    const [issue] = read.error.issues;
    throw new EsimdError(
      "config_invalid",
      `${path}: ${placeOf(issue?.path ?? [])}${issue?.message ?? "is no station file"}`,
    );
  }
  refuseTwins(read.data.slot, path);
  const from = (relative: string | undefined): string | undefined =>
    relative === undefined ? undefined : resolve(dirname(path), relative);
  const { station, page } = read.data;
  return {
    ...read.data,
    station: { ...station, records: from(station.records), sheet: from(station.sheet) },
    page: {
      ...page,
      password_file: from(page.password_file),
      tls_cert: from(page.tls_cert),
      tls_key: from(page.tls_key),
      client_ca: from(page.client_ca),
    },
  };
}

/** Two slots of one number, or at one place, would be one unit with two verdicts. */
function refuseTwins(slots: readonly SlotEntry[], path: string): void {
  const numbers = new Set<number>();
  for (const slot of slots) {
    if (numbers.has(slot.number)) throw new EsimdError("config_invalid", `${path}: slot ${slot.number} is there twice`);
    const place = placeOfSlot(slot);
    const other = slots.find((one) => numbers.has(one.number) && one !== slot && isOnePlace(one, slot));
    if (other !== undefined)
      throw new EsimdError(
        "config_invalid",
        `${path}: slots ${other.number} and ${slot.number} are both at ${quote(place)}`,
      );
    numbers.add(slot.number);
  }
}

/** A slot that names no interface has the whole device; two interfaces of one may be two modems. */
function isOnePlace(one: SlotEntry, other: SlotEntry): boolean {
  if (one.usb === undefined || other.usb === undefined) return one.port !== undefined && one.port === other.port;
  if (one.usb !== other.usb) return false;
  return one.interface === undefined || other.interface === undefined || one.interface === other.interface;
}

/** As it is shown. */
export function placeOfSlot({ port, usb, interface: number }: SlotEntry): string {
  return port ?? `usb:${usb ?? ""}${number === undefined ? "" : `:${number}`}`;
}

/** "slot entry 5 port ": for a person who looks for it in the file. */
function placeOf(path: readonly PropertyKey[]): string {
  return path.map((part) => `${typeof part === "number" ? `entry ${part + 1}` : String(part)} `).join("");
}

function firstLine(text: string): string {
  return text.split("\n")[0] ?? "";
}

/** For a line that needs no file: an emulated one, whose provider has no limits of its own and is not to be what the line waits for. */
export function stationFileFor(
  slots: readonly { readonly number: number; readonly port: string }[],
  executive: string,
): StationFile {
  return stationSchema.parse({
    station: { name: "fake-line" },
    executive: { listen: executive },
    page: { listen: "none" },
    limits: { api_concurrency: 32, api_rate: 200 },
    slot: slots,
  });
}
