import { describe, expect, it } from 'vitest';
import { imageOfVersion } from './image-view.ts';

const image = {
  ...{ Id: 'sha256:1', RepoTags: [], RepoDigests: [], Parent: '', Comment: '', DockerVersion: '', Author: '' },
  ...{ Architecture: 'amd64', Os: 'linux', Size: 7, GraphDriver: { Name: 'overlay2', Data: {} } },
  ...{ RootFS: { Type: 'layers', Layers: [] }, Metadata: { LastTagTime: '' }, Config: { Cmd: ['sh'] } },
  Descriptor: { mediaType: 'm', digest: 'sha256:2', size: 1 },
};

describe('an inspected image by API version', () => {
  it('1.51 has the fields dockerd always gives, empty ones too, and no more', () => {
    const shown = imageOfVersion(image, '1.51', 'Docker-Client/28.5');
    expect(Object.keys(shown)).not.toContain('ContainerConfig');
    expect(Object.keys(shown)).not.toContain('Descriptor');
    expect(shown.Config).toEqual({
      ...{ Cmd: ['sh'], Entrypoint: null, Env: null, Labels: null, OnBuild: null, User: '', Volumes: null },
      WorkingDir: '',
    });
  });

  it('older ones have what was dropped since', () => {
    expect(imageOfVersion(image, '1.49', '').Config).toMatchObject({ Hostname: '', AttachStdin: false });
    expect(imageOfVersion(image, '1.44', '')).toMatchObject({ ContainerConfig: { Cmd: null, Labels: null } });
    expect(imageOfVersion(image, '1.43', '')).toMatchObject({ VirtualSize: 7 });
  });

  it('docker-compose 1.x finds the config it copies', () => {
    expect(imageOfVersion(image, '1.51', 'docker-compose/1.29.2')).toMatchObject({ ContainerConfig: { Cmd: ['sh'] } });
  });
});
