/**
 * Points that Adobe's documentation leaves open. The stand-in can be run in every reading of each;
 * the first is its own. Pages are those of developer.adobe.com/photoshop/uxp/2022/.
 */
export const READINGS = {
  // ps-reference/media/imaging, getLayerMask: "the actual bounds used when obtaining the mask pixels".
  maskBounds: ["trimmed", "whole"],
  // ps-reference/media/imaging, createImageDataFromBuffer: the examples of masks are 8-bit; nothing is said of other documents.
  greyDepths: ["8", "any", "document"],
  // ps-reference/media/batchplay, result value: the example says "error", the text below it "Error";
  // ps-reference/known-issues: since 23.4.1 it throws more often.
  playFailure: ["error", "Error", "throws"],
  // ps-reference/media/imaging, putLayerMask: what a replaced mask holds beyond the pixels that were put.
  beyondReplacedMask: ["shown", "hidden"],
  // ps-reference/media/imaging, getPixels without layerID: whether a composite is trimmed as a layer is.
  composite: ["trimmed", "whole"],
  // ps-reference/media/imaging, encodeImageData: allowed outside of a modal scope, or not.
  encode: ["anywhere", "modal", "missing"],
  // ps-reference/media/action-recording: called while nothing is recorded.
  recordIdle: ["ignored", "throws"],
  // ps-reference/classes/photoshop, activeDocument: "R W", but nothing is said of modal scopes.
  activeDocument: ["settable", "fixed"],
};

/** @returns {Record<string, string>} the stand-in's own reading of each point */
export const ownReadings = () => Object.fromEntries(Object.entries(READINGS).map(([point, [own]]) => [point, own]));
