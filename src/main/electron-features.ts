import { type BrowserWindow, clipboard, dialog, Notification, type OpenDialogOptions, safeStorage } from 'electron';
import { WharfError } from '../contract/errors.ts';
import type { DesktopFeatures } from '../host/desktop-features.ts';
import type { SecretBox } from '../host/secret-box.ts';
import { openInBrowser } from './navigation-policy.ts';

/** Dialogs, clipboard and notifications of the operating system. */
export function electronFeatures(
  window: () => BrowserWindow | undefined,
  navigate: (route: string) => void,
): DesktopFeatures {
  return {
    async openFile({ title, buttonLabel, directory, multiple, filters }) {
      const options: OpenDialogOptions = {
        title,
        buttonLabel,
        filters,
        properties: [
          directory === true ? 'openDirectory' : 'openFile',
          ...(multiple === true ? ['multiSelections' as const] : []),
        ],
      };
      const parent = window();
      const chosen =
        parent === undefined ? await dialog.showOpenDialog(options) : await dialog.showOpenDialog(parent, options);
      return { canceled: chosen.canceled, paths: chosen.filePaths };
    },
    async saveFile({ title, defaultName, filters }) {
      const options = { title, defaultPath: defaultName, filters };
      const parent = window();
      const chosen =
        parent === undefined ? await dialog.showSaveDialog(options) : await dialog.showSaveDialog(parent, options);
      return { canceled: chosen.canceled, paths: chosen.canceled ? [] : [chosen.filePath] };
    },
    openExternal: openInBrowser,
    writeClipboard: (text) => clipboard.writeText(text),
    notify({ title, body, route }) {
      if (!Notification.isSupported()) return;
      const notification = new Notification({ title, body });
      if (route !== undefined) notification.on('click', () => navigate(route));
      notification.show();
    },
  };
}

/** The operating system's key store, where it has one that deserves the name; else undefined. */
export function keyStoreBox(): SecretBox | undefined {
  // On Linux without a key ring Electron "encrypts" with a fixed password; a key file is better than that.
  const backend = safeStorage.getSelectedStorageBackend?.();
  if (!safeStorage.isEncryptionAvailable() || backend === 'basic_text') return undefined;
  return {
    kind: 'key-store',
    encrypt: (text) => safeStorage.encryptString(text).toString('base64'),
    decrypt(sealed) {
      try {
        return safeStorage.decryptString(Buffer.from(sealed, 'base64'));
      } catch (cause) {
        throw new WharfError('auth.required', 'a stored registry sign-in can not be read any more', {
          hint: 'Sign in to the registry again.',
          cause,
        });
      }
    },
  };
}
