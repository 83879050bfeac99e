import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import {
  type BehaviourInput,
  createBehaviourMatcher,
  parseBehaviours,
  readScenario,
} from "../../../src/emulator/api/behaviours.js";

const folders: string[] = [];
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true });
});

async function scenarioFile(text: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "esimd-scenario-"));
  folders.push(folder);
  const path = join(folder, "bad-day.json");
  await writeFile(path, text);
  return path;
}

describe("a scenario file", () => {
  it("gives its behaviours with their defaults", async () => {
    const path = await scenarioFile(
      '{"behaviours":[{"match":{"path":"/v1/Sims/*"},"actions":[{"do":"error","status":503}]}]}',
    );
    await expect(readScenario(path)).resolves.toEqual([
      {
        match: { path: "/v1/Sims/*" },
        actions: [{ do: "error", status: 503, message: "emulated failure", shape: "vendor", effect: false }],
      },
    ]);
  });

  it.each([
    ["no JSON", "{", /the scenario is not JSON/],
    ["no behaviours", "{}", /: behaviours: /],
    ["an unknown key", '{"behaviours":[],"more":1}', /the scenario: .*more/],
    ["an unknown action", '{"behaviours":[{"actions":[{"do":"explode"}]}]}', /: behaviours\.0\.actions\.0\.do: /],
    [
      "a value out of range",
      '{"behaviours":[{"actions":[{"do":"delay","ms":-1}]}]}',
      /: behaviours\.0\.actions\.0\.ms: /,
    ],
    ["no action", '{"behaviours":[{"actions":[]}]}', /: behaviours\.0\.actions: /],
    ["two answers", '{"behaviours":[{"actions":[{"do":"cut"},{"do":"silence"}]}]}', /behaviours\.0\.actions: only one/],
    [
      "a reservation's fate on another request",
      '{"behaviours":[{"actions":[{"do":"stale-list","ms":5}]}]}',
      /"stale-list" needs match/,
    ],
    [
      "a path with odd characters",
      '{"behaviours":[{"match":{"path":"v1?"},"actions":[{"do":"cut"}]}]}',
      /behaviours\.0\.match\.path: /,
    ],
  ])("with %s is refused: file, entry and reason", async (_name, text, message) => {
    const path = await scenarioFile(text);
    const error: unknown = await readScenario(path).catch((cause: unknown) => cause);
    expect(error).toMatchObject({ code: "scenario_invalid", message: expect.stringMatching(message) });
    expect(error).toMatchObject({ message: expect.stringContaining(path) });
  });

  it("is taken as the documentation shows it", async () => {
    const page = await readFile(new URL("../../../docs/fake-api.md", import.meta.url), "utf8");
    const example = /```json\n(.*?)```/s.exec(page)?.[1] ?? "";
    await expect(readScenario(await scenarioFile(example))).resolves.toHaveLength(3);
  });

  it("that is missing is refused", async () => {
    await expect(readScenario("/nowhere/scenario.json")).rejects.toMatchObject({ code: "scenario_invalid" });
  });
});

describe("which behaviour a request gets", () => {
  const said = (...behaviours: readonly BehaviourInput[]) => {
    const match = createBehaviourMatcher(parseBehaviours(behaviours, "test"));
    return (method: string, path: string, query = "", body = "") =>
      match({ method, path, query, body })
        .map((action) => action.do)
        .join("+");
  };

  it("is the first that matches by method and path", () => {
    const ask = said(
      { match: { method: "POST", path: "/v1/Sims/*" }, actions: [{ do: "cut" }] },
      { match: { method: "GET" }, actions: [{ do: "html" }] },
    );
    expect(ask("POST", "/v1/Sims/HS1")).toBe("cut");
    expect(ask("POST", "/v1/Sims")).toBe("");
    expect(ask("POST", "/v1/Sims/HS1/IpAddresses")).toBe("");
    expect(ask("GET", "/v1/Sims/HS1")).toBe("html");
  });

  it.each([
    ["nth alone: that request only", { nth: 2 }, ["", "cut", "", ""]],
    ["nth and times: from there on", { nth: 2, times: 2 }, ["", "cut", "cut", ""]],
    ["times alone: the first ones", { times: 2 }, ["cut", "cut", "", ""]],
    ["neither: every one", {}, ["cut", "cut", "cut", "cut"]],
  ] as const)("%s", (_name, match, expected) => {
    const ask = said({ match, actions: [{ do: "cut" }] });
    expect(expected.map(() => ask("GET", "/v1/Sims"))).toEqual(expected);
  });

  it("counts requests also where an earlier behaviour decided", () => {
    const ask = said(
      { match: { times: 1 }, actions: [{ do: "html" }] },
      { match: { nth: 2 }, actions: [{ do: "cut" }] },
    );
    expect([ask("GET", "/a"), ask("GET", "/a"), ask("GET", "/a")]).toEqual(["html", "cut", ""]);
  });

  it("may be for one EID, in a form or in the query, and counts its requests alone", () => {
    const [one, other] = ["89049032123451234512345678901235", "89049032000000000001000000000016"] as const;
    const ask = said(
      { actions: [{ do: "html" }] },
      { match: { method: "POST", eid: one, nth: 2 }, actions: [{ do: "cut" }] },
      { match: { method: "GET", eid: one }, actions: [{ do: "silence" }] },
    );
    expect(ask("POST", "/v1/ESimProfiles", "", `Eid=${other}`)).toBe("html");
    expect(ask("POST", "/v1/ESimProfiles", "", `Eid=${one}`)).toBe("html");
    expect(ask("POST", "/v1/ESimProfiles", "", `CallbackMethod=POST&Eid=${one}`)).toBe("cut");
    expect(ask("GET", "/v1/ESimProfiles", `Eid=${one}&PageSize=50`)).toBe("silence");
    expect(ask("GET", "/v1/ESimProfiles", `Eid=${other}`)).toBe("html");
    expect(ask("GET", "/v1/Sims")).toBe("html");
  });
});
