using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace OffLM.Mqtt.Tests;

/// <summary>An authority that issues certificates as PEM files, gone when the test is over.</summary>
internal sealed class TestAuthority : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("offlm-ca-");
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly X509Certificate2 _certificate;

    public TestAuthority(string name = "Test authority")
    {
        var request = new CertificateRequest($"CN={name}", _key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        _certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddYears(-50), DateTimeOffset.UtcNow.AddYears(50));
        File = Write("ca.pem", _certificate.ExportCertificatePem());
    }

    /// <summary>Its own certificate.</summary>
    public string File { get; }

    /// <summary>Issues a certificate for a host, or for an IP address.</summary>
    /// <param name="host">Whom for.</param>
    /// <param name="from">Valid from.</param>
    /// <param name="to">Valid until.</param>
    /// <param name="password">Of the key's file; null: none.</param>
    /// <returns>The files of the certificate and its key.</returns>
    public (string Certificate, string Key) Issue(string host, DateTimeOffset? from = null, DateTimeOffset? to = null, string? password = null)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={host}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        if (IPAddress.TryParse(host, out var address))
        {
            names.AddIpAddress(address);
        }
        else
        {
            names.AddDnsName(host);
        }

        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(_certificate, true, false));
        using var certificate = request.Create(
            _certificate, from ?? DateTimeOffset.UtcNow.AddDays(-1), to ?? DateTimeOffset.UtcNow.AddDays(1), RandomNumberGenerator.GetBytes(8));
        var pem = password is null
            ? key.ExportPkcs8PrivateKeyPem()
            : key.ExportEncryptedPkcs8PrivateKeyPem(password, new PbeParameters(PbeEncryptionAlgorithm.Aes128Cbc, HashAlgorithmName.SHA256, 1000));
        var name = Guid.NewGuid().ToString("N");
        return (Write($"{name}.pem", certificate.ExportCertificatePem()), Write($"{name}.key", pem));
    }

    public void Dispose()
    {
        _folder.Delete(recursive: true);
        _certificate.Dispose();
        _key.Dispose();
    }

    private string Write(string name, string text)
    {
        var file = Path.Combine(_folder.FullName, name);
        System.IO.File.WriteAllText(file, text);
        return file;
    }
}
