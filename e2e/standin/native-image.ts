import { readFileSync } from 'node:fs';

/** A picture as bytes; nothing is decoded or scaled. */
export interface NativeImage {
  isEmpty(): boolean;
  toPNG(): Buffer;
  toDataURL(): string;
  getSize(): { width: number; height: number };
  resize(): NativeImage;
  setTemplateImage(): void;
}

function image(bytes: Buffer): NativeImage {
  const same: NativeImage = {
    isEmpty: () => bytes.length === 0,
    toPNG: () => bytes,
    toDataURL: () => `data:image/png;base64,${bytes.toString('base64')}`,
    getSize: () => ({ width: 0, height: 0 }),
    resize: () => same,
    setTemplateImage() {},
  };
  return same;
}

export const nativeImage = {
  createEmpty: () => image(Buffer.alloc(0)),
  createFromBuffer: (bytes: Buffer) => image(bytes),
  createFromPath(file: string): NativeImage {
    try {
      return image(readFileSync(file));
    } catch {
      // As Electron does: a missing file is an empty image.
      return image(Buffer.alloc(0));
    }
  },
};
