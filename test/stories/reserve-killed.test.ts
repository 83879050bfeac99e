import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { sleep, systemClock } from "../../src/base/clock.js";
import { seededRandom } from "../../src/base/random.js";
import { until } from "./conditions.js";
import { atDesk, type Desk, make } from "./reserve-desk.js";

/** `esimd reserve` is killed again and again while it pays: a person takes what was made, and in the end each code was paid for once. */

const count = 60;
const kills = 10;
/** Ten starts of the program, and a dozen more between them, on a machine that may have much else to do. */
const timeoutMs = 400_000;
const words = make(count, "--parallel", "3");

/** Kills the program after so many of its POSTs and a moment more. */
async function killed(desk: Desk, posts: number, moreMs: number): Promise<void> {
  const before = desk.posts();
  const child = desk.spawn(words);
  const exited = once(child, "exit");
  let stderr = "";
  child.stderr?.on("data", (chunk: Buffer) => {
    stderr += chunk.toString("utf8");
  });
  child.stdout?.resume();
  try {
    await until(() => desk.posts() - before >= posts || child.exitCode !== null, `${posts} POSTs`);
    if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode} by itself: ${stderr}`);
    await sleep(systemClock, moreMs);
  } finally {
    child.kill("SIGKILL");
    await exited;
  }
}

const reservations = (desk: Desk): number => desk.api.resources().filter(({ kind }) => kind === "reservation").length;

/** What a person does after each: take what the account shows of the POSTs in doubt, give the others up. */
async function decided(desk: Desk): Promise<void> {
  // Behind this request everything that was in the line before it has been read.
  await fetch(`${desk.api.url}/_ledger`);
  await until(() => reservations(desk) === desk.posts(), "every POST has arrived");
  const { result } = await desk.reserve(["list", "--batch", "b"]);
  const [batch] = result.batches ?? [];
  const candidates = batch?.candidates ?? [];
  const named = await desk.named();
  // Nothing that was made is out of sight.
  expect(named.size + candidates.length).toBe(reservations(desk));
  for (const { sid } of candidates)
    expect(await desk.reserve(["--batch", "b", "--adopt", sid])).toMatchObject({ status: 0 });
  const left = await desk.reserve(["list", "--batch", "b", "--offline"]);
  for (const { item, state } of left.result.batches?.[0]?.items ?? []) {
    if (state !== "held" && state !== "asked") continue;
    const given = await desk.reserve(["--batch", "b", "--release", String(item), "--confirm", `b/${item}`]);
    expect(given).toMatchObject({ status: 0, result: { changed: true } });
  }
}

describe("a batch whose process is killed", () => {
  it(
    `${kills} times at random moments: nothing is lost, and nothing is paid for twice`,
    () =>
      atDesk(
        { api: [{ match: { method: "POST", path: "/v1/ESimProfiles" }, actions: [{ do: "delay", ms: 30 }] }] },
        async (desk) => {
          const random = seededRandom(20_261_127);
          for (let kill = 1; kill <= kills; kill++) {
            await killed(desk, 1 + Math.floor(random.next() * 3), Math.floor(random.next() * 60));
            await decided(desk);
            expect(desk.charges()).toBeLessThanOrEqual(count);
          }
          const out = join(desk.dir, "codes.csv");
          const end = await desk.reserve([...words, "--out", out]);
          expect(end).toMatchObject({ status: 0, result: { ready: count, error: null } });
          expect([desk.posts(), desk.charges()]).toEqual([count, count]);
          expect(await desk.named()).toEqual(new Set(desk.api.ledger().map(({ sid }) => sid)));
          const codes = (await readFile(out, "utf8"))
            .trimEnd()
            .split("\r\n")
            .slice(1)
            .map((line) => line.split(",")[3]);
          expect(new Set(codes).size).toBe(count);
        },
      ),
    timeoutMs,
  );
});
