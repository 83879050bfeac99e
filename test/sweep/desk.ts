import type { ProviderApi } from "../../src/api/resources.js";
import { silentLog } from "../../src/base/logging.js";
import { openProvider } from "../../src/daemon/provider-api.js";
import { type AccountView, askAccount } from "../../src/daemon/reservations/account.js";
import { adoptByHand, type Decided, handOf, prepareRelease } from "../../src/daemon/reservations/decide.js";
import { recordsOf } from "../../src/daemon/reservations/files.js";
import { type Budget, budgetOf } from "../../src/provision/budget.js";
import { openStore, type Store } from "../../src/provision/store/store.js";
import type { SimProcess, SimWorld } from "./world.js";

/** A person at the device, who looks at what was paid and decides: what `esimd reservation` does, on the files of the simulation. */

export async function release(world: SimWorld, id: string, why: string): Promise<Decided> {
  return locked(world, async (store, api) => {
    const parts = { hand: handOf(store, world.eid, undefined), store, api, why };
    const found = await prepareRelease(parts, id, signal());
    return found.kind === "nothing" ? found.decided : found.carryOut();
  });
}

export async function adopt(world: SimWorld, sid: string, why: string): Promise<Decided> {
  return locked(world, (store, api) => {
    const parts = { hand: handOf(store, world.eid, undefined), store, api, why };
    return adoptByHand(parts, sid, [], signal());
  });
}

/** What the account says of this device, and what in it is nobody's. */
export async function account(world: SimWorld): Promise<AccountView> {
  return world.command(async (process) => {
    const records = await recordsOf(process.config.stateDir, world.eid, process.outside.disk);
    return withApi(process, (api) => askAccount(api, [records], [records], signal()));
  });
}

/** As `esimd reservation list` counts it. */
export async function budget(world: SimWorld): Promise<Budget> {
  return world.command(async (process) => {
    const { stateDir, reservation } = process.config;
    const store = await openStore(stateDir, world.eid, storeParts(process));
    const money = handOf(store, world.eid, undefined).money;
    await store.close();
    return withApi(process, async (api) =>
      budgetOf(money, await api.listESimProfiles({ eid: world.eid }, signal()), reservation),
    );
  });
}

async function locked<Value>(
  world: SimWorld,
  work: (store: Store, api: ProviderApi) => Promise<Value>,
): Promise<Value> {
  return world.command(async (process) => {
    const store = await openStore(process.config.stateDir, world.eid, storeParts(process));
    try {
      return await withApi(process, (api) => work(store, api));
    } finally {
      await store.close();
    }
  });
}

function storeParts({ outside, clock }: SimProcess) {
  return { disk: outside.disk, processes: outside.processes, clock, log: silentLog };
}

async function withApi<Value>(
  { config, clock, random, outside }: SimProcess,
  work: (api: ProviderApi) => Promise<Value>,
): Promise<Value> {
  const api = openProvider({ config, clock, random, log: silentLog, openTransport: outside.openTransport });
  if (api === undefined) throw new Error("provider none has no account");
  try {
    return await work(api);
  } finally {
    await api.close();
  }
}

function signal(): AbortSignal {
  return new AbortController().signal;
}
