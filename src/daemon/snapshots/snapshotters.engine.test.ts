import { createCopySnapshotter } from './copy-snapshotter.ts';
import { createOverlaySnapshotter } from './overlay-snapshotter.ts';
import { snapshotterSuite } from './snapshotter-suite.ts';

snapshotterSuite('overlay', createOverlaySnapshotter);
snapshotterSuite('copy', createCopySnapshotter);
