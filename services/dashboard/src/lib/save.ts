// A file that was made on this page, for the browser to save.
export function saveAs(name: string, content: Blob): void {
  const url = URL.createObjectURL(content), link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // The browser reads it after the click, in its own time.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
