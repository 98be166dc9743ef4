import { PAGE } from "./kube-cluster.ts";

/** Reading a page of this length (characters) holds the event loop for some milliseconds. */
const LENGTH = 500_000;
const FIRST_WHOLE_PAGE = 100;
const SMALLEST = 10;

export interface PageSize {
  /** How many objects the next page may have, at most 500. */
  readonly size: () => number;
  /** How long the last page was. */
  saw(length: number): void;
}

/** Finds pages that are few and do not hold the event loop: objects of one kind are much alike, kinds are not. */
export function createPageSize(metadataOnly: boolean): PageSize {
  let size = metadataOnly ? PAGE : FIRST_WHOLE_PAGE;
  return {
    size: () => size,
    saw(length) {
      if (length > LENGTH) size = Math.max(SMALLEST, Math.floor((size * LENGTH) / length));
      else if (length < LENGTH / 2) size = Math.min(PAGE, size * 2);
    },
  };
}
