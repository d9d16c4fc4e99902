// What the search found, marked where it is read, without a change of any element.
// Knows: texts in the page, the browser's highlights. Must not know: reports.

const MOST = 2000;

/**
 * Mark a text in an element; where a browser has no highlights, nothing is marked.
 * @param {Element} element
 * @param {string} text
 */
export function markFound(element, text) {
  if (!("highlights" in CSS)) return;
  CSS.highlights.delete("found");
  if (text.length > 1) CSS.highlights.set("found", new Highlight(...ranges(element, text.toLowerCase())));
}

/**
 * @param {Element} element
 * @param {string} wanted in lower case
 */
function ranges(element, wanted) {
  const found = [];
  const texts = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
  for (let node = texts.nextNode(); node && found.length < MOST; node = texts.nextNode()) {
    const text = (node.nodeValue ?? "").toLowerCase();
    if (text.length !== node.nodeValue?.length) continue; // letters whose small form is longer: their places differ
    for (let at = text.indexOf(wanted); at >= 0; at = text.indexOf(wanted, at + wanted.length)) found.push(rangeOf(node, at, wanted.length));
  }
  return found;
}

/**
 * @param {Node} node
 * @param {number} at
 * @param {number} length
 */
function rangeOf(node, at, length) {
  const range = new Range();
  range.setStart(node, at);
  range.setEnd(node, at + length);
  return range;
}
