// Returns the elements whose own text is too faint: relative luminance and contrast as of WCAG 2.2.
const luminance = ([r, g, b]) => [r, g, b].map((c) => c / 255)
  .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
  .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
const rgb = (text) => text.match(/[\d.]+/g).map(Number);
const groundOf = (one) => {
  for (; one; one = one.parentElement) {
    const ground = rgb(getComputedStyle(one).backgroundColor);
    if (ground.length < 4 || ground[3] === 1) return ground;
  }
  return [255, 255, 255];
};
const faint = [];
for (const one of document.body.querySelectorAll("*")) {
  const own = [...one.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
  if (!own || !one.checkVisibility() || ["SCRIPT", "STYLE", "OPTION"].includes(one.tagName)) continue;
  const [a, b] = [luminance(rgb(getComputedStyle(one).color)), luminance(groundOf(one))].sort((x, y) => y - x);
  if ((a + 0.05) / (b + 0.05) < 4.5) faint.push([one.tagName, one.className, one.textContent.slice(0, 40)]);
}
return faint;
