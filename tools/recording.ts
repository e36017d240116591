import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';

/** How often a page is looked at while it changes. */
const lookMs = 100;

interface Frame {
  readonly png: Buffer;
  shownMs: number;
}

/** An animation of a page, made of screenshots. What stays the same is one frame. */
export class Recording {
  private readonly frames: Frame[] = [];

  constructor(private readonly page: Page) {}

  /** Shows the page as it is, for so long. */
  async hold(shownMs: number): Promise<void> {
    this.take(await this.page.screenshot({ animations: 'disabled' }), shownMs);
  }

  /**
   * Shows how the page changes until something has happened.
   *
   * @param shownMs for how long each state of the page is shown, however long it was there
   */
  async follow(happened: Promise<unknown>, shownMs: number): Promise<void> {
    const over = new AbortController();
    const settled = Promise.allSettled([happened]).then(() => {
      over.abort();
    });
    while (!over.signal.aborted) {
      const png = await this.page.screenshot({ animations: 'disabled' });
      if (this.frames.at(-1)?.png.equals(png) !== true) this.take(png, shownMs);
      await Promise.race([settled, this.page.waitForTimeout(lookMs)]);
    }
    await happened;
  }

  /**
   * Writes an animated WebP that plays forever.
   *
   * @param folder for the frames
   */
  write(path: string, folder: string): void {
    const frames = this.frames.flatMap(({ png, shownMs }, index) => {
      const file = join(folder, `frame-${index}.png`);
      writeFileSync(file, png);
      return ['-lossless', '-m', '6', '-d', String(shownMs), file];
    });
    // Without key frames: each frame holds what differs from the one before.
    execFileSync(img2webp, ['-loop', '0', '-kmin', '0', '-kmax', '0', ...frames, '-o', path], {
      stdio: 'pipe',
    });
  }

  private take(png: Buffer, shownMs: number): void {
    const last = this.frames.at(-1);
    if (last?.png.equals(png) === true) last.shownMs += shownMs;
    else this.frames.push({ png, shownMs });
  }
}

const img2webp = 'img2webp';

/** @throws when the program that makes the animation is not on this machine */
export function checkRecorder(): void {
  try {
    execFileSync(img2webp, ['-version'], { stdio: 'ignore' });
  } catch {
    throw new Error(
      `A recording needs the program ${img2webp}, which is not on this machine.\nInstall the package webp: apt-get install webp`,
    );
  }
}
