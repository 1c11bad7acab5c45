/** The settings that `config wizard` asks for, one after the other. */
import { messageOf } from '../errors.js';
import { SETTING_KEYS, type SettingKey, type SettingValue } from './keys.js';
import { NETWORK_DISK_USER } from './network-disk-keys.js';

/** One setting and what is asked of a person. */
export interface AskedSetting {
  readonly name: string;
  /** Without its question mark or colon. */
  readonly question: string;
  /** A boolean is a question that is answered with yes or no. */
  readonly present: SettingValue;
  /** Why a text cannot be the setting's value; undefined where it can. */
  readonly findFault: (text: string) => string | undefined;
}

/** Every setting with its present value, in the order of the Backup tab. */
export function settingsToAsk(
  values: ReadonlyMap<string, SettingValue>,
): AskedSetting[] {
  const asked = SETTING_KEYS.map((key) => toAsked(key, values.get(key.name)));
  if (process.platform !== 'win32') return asked;

  return [
    ...asked,
    {
      name: NETWORK_DISK_USER,
      question: 'User name for the network disk',
      present: String(values.get(NETWORK_DISK_USER)),
      findFault: () => undefined,
    },
  ];
}

function toAsked(
  key: SettingKey,
  present: SettingValue | undefined,
): AskedSetting {
  const { name, label, example } = key;

  return {
    name,
    question: typeof present === 'boolean' ? label : `${label} (${example})`,
    present: present ?? '',
    findFault: (text) => findFault(key, text),
  };
}

function findFault(key: SettingKey, text: string): string | undefined {
  try {
    key.toFile(text, process.platform);
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}
