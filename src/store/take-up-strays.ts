import { counted } from "../std/counted.ts";
import { findStrayImages, takeUpStrays, type ImagePlace, type StrayPlan } from "./stray-images.ts";

export interface TakeUpOptions {
  readonly signal?: AbortSignal | undefined;
  /** Told what was found, for people. */
  readonly onFound?: ((what: string) => void) | undefined;
}

/** Takes up again what the database does not know any more and can be told from its bytes, before a collection deletes the rest. */
export async function takeUpAllStrays(place: ImagePlace, { signal, onFound }: TakeUpOptions): Promise<StrayPlan> {
  const plan = await findStrayImages(place, { signal });
  if (plan.blobs.size === 0) return plan;
  const taken = { ...plan, images: takeUpStrays(place, plan) };
  onFound?.(foundText(taken));
  return taken;
}

/** What was found, and what of it is lost, for people. */
export function foundText({ images, needed }: StrayPlan): string {
  if (images.length === 0) return `the store's database had lost ${counted(needed.length, "blob")} that its images need: they were taken up again`;
  const shown = images.slice(0, 5).map(({ id }) => id.slice(7, 19)).join(", ");
  return `the store's database had lost ${counted(images.length, "image")} (${shown}${images.length > 5 ? ", …" : ""}): taken up again, without names; \`sampan tag\` gives them new ones`;
}
