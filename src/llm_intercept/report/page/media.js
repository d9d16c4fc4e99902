// Images and sounds of a conversation: shown only if their bytes are in the page.
// Knows: data URLs. Must not know: conversations.
import { el, fold, link } from "./dom.js";
import { size } from "./amounts.js";
import { block } from "./blocks.js";
/** @import { Part } from "./report.js" */

const IMAGE = /^data:image\/(png|jpeg|gif|webp|avif|bmp|svg\+xml);base64,[A-Za-z0-9+/=\s]*$/;
const TEXT = /^data:(text\/[\w.+-]+|application\/json);base64,[A-Za-z0-9+/]*=*$/;
const SOUND = /^data:audio\/[\w.+-]+;base64,[A-Za-z0-9+/=\s]*$/;

/** @param {Part} part */
export function media(part) {
  const kind = part.media || "file";
  const bytes = part.data ? size(Math.floor(((part.data.length - part.data.indexOf(",") - 1) * 3) / 4)) : "";
  const said = [kind, part.mime, part.name, bytes].filter(Boolean).join(" · ");
  if (!part.data) return el("p", { class: "media" }, `${said} `, part.url ? link(part.url) : "(its bytes are not in this report)");
  if (IMAGE.test(part.data)) return fold([said], () => [picture(part)]);
  const sound = part.media === "audio" ? part.data.replace(/^data:;/, "data:audio/wav;") : part.data;
  if (SOUND.test(sound)) return fold([said], () => [el("audio", { controls: true, src: sound })]);
  if (TEXT.test(part.data)) return fold([said], () => [block(decoded(part.data ?? ""), "code")]);
  return el("p", { class: "media" }, said);
}

/** @param {string} data */
function decoded(data) {
  const bytes = Uint8Array.from(atob(data.slice(data.indexOf(",") + 1)), (letter) => letter.charCodeAt(0));
  return new TextDecoder().decode(bytes);
}

/** @param {Part} part */
function picture(part) {
  const image = el("img", { src: part.data, alt: part.title || part.name || `image of the conversation, ${part.mime ?? ""}` });
  image.addEventListener("error", () => image.replaceWith(el("p", { class: "media" }, "These bytes are no image that can be shown.")));
  return image;
}
