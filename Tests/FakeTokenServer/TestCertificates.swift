/// Certificates for servers and clients on this machine, made for these tests only and worthless
/// elsewhere; they are good for a hundred years.
package enum TestCertificates {
  package static let authority = pem(
    "CERTIFICATE",
    """
    MIIBsDCCAVWgAwIBAgIUAW79PgaHyRbdnkz6ol/HLaeMHI8wCgYIKoZIzj0EAwIw
    JDEiMCAGA1UEAwwZTmVlZGxldGFpbCB0ZXN0IGF1dGhvcml0eTAgFw0yNjExMjMy
    MjI1MThaGA8yMTI2MTAzMDIyMjUxOFowJDEiMCAGA1UEAwwZTmVlZGxldGFpbCB0
    ZXN0IGF1dGhvcml0eTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABFuitnSWA7ON
    Oa9WkitnUsdgM4dmMtAxaw9HRvLs7ww0MokN/CMS6xyhc5Q0CU2btkzMkdZzMa6I
    g2LPLf56ei2jYzBhMB0GA1UdDgQWBBSwo75xEPvIY5ASc2EL2YAsQDTtHDAfBgNV
    HSMEGDAWgBSwo75xEPvIY5ASc2EL2YAsQDTtHDAPBgNVHRMBAf8EBTADAQH/MA4G
    A1UdDwEB/wQEAwICBDAKBggqhkjOPQQDAgNJADBGAiEAkE2LXNVnC+dd0qH9udEc
    7c1+hzkOCHttdDTx2tS/4DYCIQCkDYLUWgDmotqSHGumX0y8fMmApetWGcRWofMM
    0zqb6Q==
    """)

  package static let server = pem(
    "CERTIFICATE",
    """
    MIIBozCCAUigAwIBAgIUYKaS1HC7r0zdNbQEL8hgVRw+0x0wCgYIKoZIzj0EAwIw
    JDEiMCAGA1UEAwwZTmVlZGxldGFpbCB0ZXN0IGF1dGhvcml0eTAgFw0yNjExMjMy
    MjI1MTlaGA8yMTI2MTAzMDIyMjUxOVowETEPMA0GA1UEAwwGc2VydmVyMFkwEwYH
    KoZIzj0CAQYIKoZIzj0DAQcDQgAECkScN62HX26qhmOrQSnusUu2FDoRkcF1j3gq
    bER6w1YRqecHAFFhN2p6QTt8JYTaxnxOUScLAmTDwmI4hDsWNqNpMGcwGgYDVR0R
    BBMwEYIJbG9jYWxob3N0hwR/AAABMAkGA1UdEwQCMAAwHQYDVR0OBBYEFC/thH0g
    jrludArvJ1jPpP4c5TlVMB8GA1UdIwQYMBaAFLCjvnEQ+8hjkBJzYQvZgCxANO0c
    MAoGCCqGSM49BAMCA0kAMEYCIQDXyF/mK+X5sGGUReObWA39Du29tJ3KJc7Ny/yq
    fXlDDQIhANSBKS6xkiDkVk3Gx+WfU//MUB1uNXq+hrG9/a6hXRO/
    """)
  package static let serverKey = pem(
    "PRIVATE KEY",
    """
    MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgftbj11nJ5MSD176x
    /uNCH9zR55ASxBvJA0lB2UfxGhuhRANCAAQKRJw3rYdfbqqGY6tBKe6xS7YUOhGR
    wXWPeCpsRHrDVhGp5wcAUWE3anpBO3wlhNrGfE5RJwsCZMPCYjiEOxY2
    """)

  package static let client = pem(
    "CERTIFICATE",
    """
    MIIBozCCAUigAwIBAgIUYKaS1HC7r0zdNbQEL8hgVRw+0x4wCgYIKoZIzj0EAwIw
    JDEiMCAGA1UEAwwZTmVlZGxldGFpbCB0ZXN0IGF1dGhvcml0eTAgFw0yNjExMjMy
    MjI1MTlaGA8yMTI2MTAzMDIyMjUxOVowETEPMA0GA1UEAwwGY2xpZW50MFkwEwYH
    KoZIzj0CAQYIKoZIzj0DAQcDQgAElU4Gi/S19BhMud2GqbbLdQ7UuCaFlKDMngPd
    K6/eLanPS/KYTszCVQ2f5RO28hlzmrSctXSiObgAbW4TI0ma/6NpMGcwGgYDVR0R
    BBMwEYIJbG9jYWxob3N0hwR/AAABMAkGA1UdEwQCMAAwHQYDVR0OBBYEFO91qmRY
    +4KhHWqOxLifOTZceTrHMB8GA1UdIwQYMBaAFLCjvnEQ+8hjkBJzYQvZgCxANO0c
    MAoGCCqGSM49BAMCA0kAMEYCIQCgquRE7J7mRFB03os5CvhbdVHZmPCRb76ieV0e
    Z0iVmAIhAL4L0yBGr0VEVkGgM7GhO625S6CZHjFaJzxfVjry87VF
    """)
  package static let clientKey = pem(
    "PRIVATE KEY",
    """
    MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgiPCdq8eNxZxJ3+8x
    kxV4VH2oULSD0TwggJl71bNEhoehRANCAASVTgaL9LX0GEy53Yaptst1DtS4JoWU
    oMyeA90rr94tqc9L8phOzMJVDZ/lE7byGXOatJy1dKI5uABtbhMjSZr/
    """)

  private static func pem(_ label: String, _ body: String) -> String {
    "-----BEGIN \(label)-----\n\(body)\n-----END \(label)-----\n"
  }
}
