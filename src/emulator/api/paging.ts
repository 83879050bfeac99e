import { type Parameters, readInteger } from "./parameters.js";
import { invalidParameter, json, type Reply } from "./replies.js";

export const pagingParameters: readonly string[] = ["PageSize", "Page", "PageToken"];

export interface PagedList<T extends { readonly sid: string }> {
  /** "esim_profiles" */
  readonly key: string;
  /** Absolute, without query. */
  readonly url: string;
  readonly parameters: Parameters;
  /** All that match the filters, in the list's order. */
  readonly items: readonly T[];
  readonly show: (item: T) => unknown;
}

/**
 * One page with its `meta`. A PageToken names the last item of the page before, so that a resource made in between neither repeats nor
 * hides another; `Page` is "simply for client state", as the vendor says.
 */
export function pageReply<T extends { readonly sid: string }>(list: PagedList<T>): Reply {
  const pageSize = readInteger(list.parameters, "PageSize", 1, 1000);
  if (!pageSize.ok) return pageSize.reply;
  const pageNumber = readInteger(list.parameters, "Page", 0, 999_999);
  if (!pageNumber.ok) return pageNumber.reply;
  const size = pageSize.value ?? 50;
  const page = pageNumber.value ?? 0;
  const token = list.parameters.get("PageToken");
  const before = token === undefined ? -1 : list.items.findIndex(({ sid }) => tokenOf("PA", sid) === token);
  const after = token === undefined ? -1 : list.items.findIndex(({ sid }) => tokenOf("PB", sid) === token);
  if (token !== undefined && before < 0 && after < 0)
    return invalidParameter("PageToken was not given out by this API");
  const start = after >= 0 ? Math.max(0, after - size) : before + 1;
  const items = list.items.slice(start, start + size);
  const first = items[0];
  const last = items.at(-1);
  const pageUrl = (number: number, pageToken: string | undefined): string => {
    const query = new URLSearchParams([...list.parameters].filter(([name]) => !pagingParameters.includes(name)));
    query.set("PageSize", String(size));
    query.set("Page", String(number));
    if (pageToken !== undefined) query.set("PageToken", pageToken);
    return `${list.url}?${query.toString()}`;
  };
  return json(200, {
    [list.key]: items.map(list.show),
    meta: {
      first_page_url: pageUrl(0, undefined),
      key: list.key,
      next_page_url:
        last !== undefined && start + size < list.items.length ? pageUrl(page + 1, tokenOf("PA", last.sid)) : null,
      page,
      page_size: size,
      previous_page_url:
        first !== undefined && start > 0 ? pageUrl(Math.max(0, page - 1), tokenOf("PB", first.sid)) : null,
      url: pageUrl(page, token),
    },
  });
}

/** "PA": what comes after the item; "PB": what comes before it. */
function tokenOf(direction: "PA" | "PB", sid: string): string {
  return `${direction}${sid}`;
}
