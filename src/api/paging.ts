import { EsimdError } from "../base/errors.js";
import { quote } from "../base/identifiers.js";
import { parseListPage } from "./schemas.js";

export interface WholeList {
  /** "/v1/ESimProfiles" */
  readonly path: string;
  /** Where the items stand in a page: "esim_profiles". */
  readonly key: string;
  readonly filter: Readonly<Record<string, string>>;
  readonly baseUrl: URL;
  /** Fetches one page, by path and query. */
  readonly read: (target: string) => Promise<unknown>;
}

const pageSize = 100;
/** An account's Fleets or one EID's reservations fill a page or two; who gives this many gives nonsense. */
const maxPages = 50;

/**
 * Every item of a list, or an error: a part of a list must never be taken for the whole, since what is missing from it would be paid for
 * again (the contract, rule 1). Pages are followed as the API names them, but only on the host that was configured: the request carries
 * credentials. @throws EsimdError.
 */
export async function readWholeList(list: WholeList): Promise<readonly unknown[]> {
  const place = `GET ${list.path}`;
  const items: unknown[] = [];
  const seen = new Set<string>();
  const query = new URLSearchParams({ ...list.filter, PageSize: String(pageSize) });
  let target = `${list.path}?${query.toString()}`;
  for (;;) {
    seen.add(target);
    const page = parseListPage(await list.read(target), list.key, pageSize, place);
    items.push(...page.items);
    if (page.nextPageUrl === undefined) return items;
    target = nextTarget(page.nextPageUrl, list, place);
    if (seen.has(target)) {
      throw new EsimdError("api_protocol", `${place}: page ${seen.size} of the list points back to one before it`);
    }
    if (seen.size >= maxPages) {
      throw new EsimdError("api_protocol", `${place}: the list does not end within ${maxPages} pages`);
    }
  }
}

function nextTarget(nextPageUrl: string, list: WholeList, place: string): string {
  const url = URL.canParse(nextPageUrl, list.baseUrl.href) ? new URL(nextPageUrl, list.baseUrl.href) : undefined;
  if (url === undefined || url.pathname !== list.path) {
    throw new EsimdError("api_protocol", `${place}: next_page_url ${quote(nextPageUrl)} is not a page of this list`);
  }
  return `${url.pathname}${url.search}`;
}
