import { describe, expect, it, type TestContext } from "vitest";
import { configured, endOf, endsAs, provisioned, reservationPosts, until } from "./conditions.js";
import { type Field, type FieldOptions, startField } from "./field.js";
import { startRewritingProxy } from "./rewriting-proxy.js";

/** Credentials that do not work, and answers of the provider that no contract foresees. */

async function start(test: TestContext, options: FieldOptions = {}): Promise<Field> {
  const field = await startField(options);
  test.onTestFinished(() => field.close());
  return field;
}

/** A field whose API answers are changed on the way. */
async function startWith(
  test: TestContext,
  rewrite: (asked: string, body: string) => string,
): Promise<{ readonly field: Field; readonly env: Readonly<Record<string, string>> }> {
  const field = await start(test);
  const proxy = await startRewritingProxy(field.world.api.url, rewrite);
  test.onTestFinished(() => proxy.close());
  return { field, env: { ESIMD_API_URL: proxy.url } };
}

function money(field: Field): { readonly posts: number; readonly charges: number } {
  return { posts: reservationPosts(field), charges: field.charges() };
}

describe("credentials", { concurrent: true }, () => {
  it.for([
    ["twilio", { ESIMD_API_SECRET: "wrong" }],
    ["twilio", { ESIMD_API_KEY: `AC${"f".repeat(32)}` }],
    ["kore", { ESIMD_API_SECRET: "wrong" }],
  ] as const)("that %s refuses end the run before anything is asked for: %o", async ([provider, env], test) => {
    const field = await start(test);
    const words = [...(await configured(field)), "--provider", provider];
    const ended = await field.provision(words, env);
    expect({ ...endOf(ended), ...money(field) }).toEqual({
      ...endsAs(77, "failed", "api_credentials"),
      posts: 0,
      charges: 0,
    });
    expect(ended.stderr + ended.stdout).not.toContain('wrong"');
    // Corrected, the next run goes on.
    expect({ ...endOf(await field.provision(words)), ...money(field) }).toEqual({
      ...provisioned,
      posts: 1,
      charges: 1,
    });
  });

  it.for([401, 403] as const)("that may not list reservations buy nothing: %i", async (status, test) => {
    const match = { method: "GET", path: "/v1/ESimProfiles" } as const;
    const field = await start(test, { api: [{ match, actions: [{ do: "error", status }] }] });
    const ended = await field.provision(await configured(field));
    expect({ ...endOf(ended), ...money(field) }).toEqual({
      ...endsAs(77, "failed", "api_credentials"),
      posts: 0,
      charges: 0,
    });
  });

  it("are asked for anew when kore's token is revoked in the middle of a run", async (test) => {
    const field = await start(test, {
      world: { apiTiming: { toReservingMs: 100, toAvailableMs: 300, simScheduledMs: 50 } },
    });
    const run = field.provision([...(await configured(field)), "--provider", "kore"]);
    await until(() => reservationPosts(field) === 1, "the reservation is under way");
    field.world.api.revokeTokens();
    expect({ ...endOf(await run), ...money(field) }).toEqual({ ...provisioned, posts: 1, charges: 1 });
    expect(field.world.api.requests().filter(({ path }) => path.endsWith("/auth/token"))).toHaveLength(2);
  });

  it("of kore that expire every second last for a whole run", async (test) => {
    const field = await start(test, {
      world: { apiTiming: { toReservingMs: 20, toAvailableMs: 1500, tokenLifetimeMs: 1000 } },
    });
    const ended = await field.provision([...(await configured(field)), "--provider", "kore"]);
    expect({ ...endOf(ended), ...money(field) }).toEqual({ ...provisioned, posts: 1, charges: 1 });
  });
});

/** Changes one field of every resource in a body. */
function changing(name: string, from: string, to: unknown): (body: string) => string {
  return (body) => body.replaceAll(`"${name}":"${from}"`, `"${name}":${JSON.stringify(to)}`);
}

describe("answers that no contract foresees", { concurrent: true }, () => {
  it("a status that nobody knows is never acted upon: held, and nothing is paid again", async (test) => {
    const { field, env } = await startWith(test, (asked, body) =>
      asked.startsWith("GET /v1/ESimProfiles?") ? changing("status", "available", "quarantined")(body) : body,
    );
    const words = await configured(field);
    await field.world.reserveForEuicc(new AbortController().signal);
    for (const _run of [1, 2]) {
      const ended = await field.provision(words, env);
      expect({ ...endOf(ended), ...money(field) }).toEqual({
        ...endsAs(79, "held", "reservation_unclear"),
        posts: 1,
        charges: 1,
      });
      expect(ended.report().error?.message).toContain("quarantined");
    }
    expect(endOf(await field.provision(words))).toEqual(provisioned);
  });

  it("a status that nobody knows on the way to available is waited through", async (test) => {
    const { field, env } = await startWith(test, (_asked, body) => changing("status", "reserving", "allocating")(body));
    expect({ ...endOf(await field.provision(await configured(field), env)), ...money(field) }).toEqual({
      ...provisioned,
      posts: 1,
      charges: 1,
    });
  });

  it("a status of the Sim that nobody knows is left alone: held", async (test) => {
    const { field, env } = await startWith(test, (asked, body) =>
      asked.startsWith("GET /v1/Sims") ? changing("status", "new", "frozen")(body) : body,
    );
    // To `ready` the provider moves a new Sim and no other, so that one whose reservation was just made is not looked at before.
    const words = await configured(field, { sim: { fleet: "default", activate: "active" } });
    const ended = await field.provision(words, env);
    expect(endOf(ended)).toEqual(endsAs(79, "held", "sim_refused"));
    expect(ended.report().error?.message).toContain("frozen");
    expect(
      field.world.api.requests().filter(({ method, path }) => method === "POST" && path.includes("/Sims/")),
    ).toEqual([]);
    expect({ ...endOf(await field.provision(words)), ...money(field) }).toEqual({
      ...provisioned,
      posts: 1,
      charges: 1,
    });
  });

  it("a status of the Sim that nobody knows, in the answer to its change, is not what was asked for: held", async (test) => {
    const { field, env } = await startWith(test, (asked, body) =>
      asked.startsWith("POST /v1/Sims") ? changing("status", "scheduled", "frozen")(body) : body,
    );
    const words = await configured(field);
    const ended = await field.provision(words, env);
    expect(endOf(ended)).toEqual(endsAs(79, "held", "sim_refused"));
    expect(ended.report().error?.message).toContain("frozen");
    expect(field.world.modem.euicc.profiles.map(({ state }) => state)).toEqual(["disabled"]);
    expect({ ...endOf(await field.provision(words)), ...money(field) }).toEqual({
      ...provisioned,
      posts: 1,
      charges: 1,
    });
  });

  it("of a next_page_url on another host only path and query are used", async (test) => {
    const { field, env } = await startWith(test, (asked, body) => {
      if (!asked.startsWith("GET /v1/ESimProfiles?") || asked.includes("Page=")) return body;
      const query = asked.slice(asked.indexOf("?"));
      return body.replace(
        '"next_page_url":null',
        `"next_page_url":"https://evil.example.com/v1/ESimProfiles${query}&Page=0"`,
      );
    });
    await field.world.reserveForEuicc(new AbortController().signal);
    const ended = await field.provision(await configured(field), env);
    expect({ ...endOf(ended), ...money(field) }).toEqual({ ...provisioned, posts: 1, charges: 1 });
    expect(field.world.api.requests().filter(({ query }) => query.endsWith("&Page=0")).length).toBeGreaterThan(0);
  });

  it.for([
    ["leads to another resource", "https://supersim.example.com/v1/Sims?Page=1"],
    ["points back to the same page", "SAME"],
  ] as const)("a next_page_url that %s: the list is unknown, and nothing is bought", async ([, nextPageUrl], test) => {
    const { field, env } = await startWith(test, (asked, body) => {
      if (!asked.startsWith("GET /v1/ESimProfiles?")) return body;
      const next = nextPageUrl === "SAME" ? asked.slice("GET ".length) : nextPageUrl;
      return body.replace('"next_page_url":null', `"next_page_url":"${next}"`);
    });
    const ended = await field.provision(await configured(field), env);
    expect({ ...endOf(ended), ...money(field) }).toEqual({
      ...endsAs(69, "failed", "api_protocol"),
      posts: 0,
      charges: 0,
    });
  });

  it.for([
    ["a second page that is missing from the list", '"next_page_url":null', '"next_page_url":7'],
    ["a list without its items", '"esim_profiles"', '"profiles"'],
  ] as const)("%s is an unknown list, and nothing is bought", async ([, from, to], test) => {
    const { field, env } = await startWith(test, (asked, body) =>
      asked.startsWith("GET /v1/ESimProfiles?") ? body.replace(from, to) : body,
    );
    const ended = await field.provision(await configured(field), env);
    expect({ ...endOf(ended), ...money(field) }).toEqual({
      ...endsAs(69, "failed", "api_protocol"),
      posts: 0,
      charges: 0,
    });
  });

  it("a reservation for somebody else's EID in our list is not adopted", async (test) => {
    const { field, env } = await startWith(test, (asked, body) =>
      asked.startsWith("GET /v1/ESimProfiles?")
        ? body.replace(/"eid":"\d{32}"/g, '"eid":"89049032000001000000000000000012"')
        : body,
    );
    await field.world.reserveForEuicc(new AbortController().signal);
    const ended = await field.provision(await configured(field), env);
    expect({ ...endOf(ended), ...money(field) }).toEqual({
      ...endsAs(69, "failed", "api_protocol"),
      posts: 1,
      charges: 1,
    });
  });

  it("an activation code that cannot be read is named, and the run after it goes on", async (test) => {
    const { field, env } = await startWith(test, (_asked, body) =>
      body.replace(/"activation_code":"[^"]+"/g, '"activation_code":"LPA:2$x"'),
    );
    const words = [
      ...(await configured(field, { reservation: { available_wait: "2s" } })),
      "--method",
      "activation-code",
    ];
    const ended = await field.provision(words, env);
    expect({ ...endOf(ended), ...money(field) }).toEqual({
      ...endsAs(69, "failed", "api_protocol"),
      posts: 1,
      charges: 1,
    });
    expect(ended.report().error?.message).toMatch(/activation_code/);
    expect({ ...endOf(await field.provision(words)), ...money(field) }).toEqual({
      ...provisioned,
      posts: 1,
      charges: 1,
    });
  });
});
